// The conversation on the screen: its messages, and where in them the reader is.
import { useSignal } from "@preact/signals";
import { memo } from "preact/compat";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { ask } from "../chat/generate.ts";
import { isBusy, runOf } from "../chat/run.ts";
import { serverState } from "../chat/server_state.ts";
import { branchOf, type Conversation, type Message, versionsOf } from "../store/conversation.ts";
import { revision, shown } from "../store/history.ts";
import { t, type Word } from "../words.ts";
import { IconButton } from "./icons.tsx";
import { MessageView, type Shown } from "./message.tsx";
import { useSteps } from "./steps.ts";
import { editing, openThinking } from "./view_state.ts";

const STARTS: Word[] = ["startMath", "startLinear", "startCountdown"];

function Welcome() {
  return (
    <div class="welcome">
      <h1>{t("greeting")}</h1>
      <p>{t("greetingHint")}</p>
      <div class="starts">
        {STARTS.map((word) => (
          <button
            key={word}
            type="button"
            onClick={() => {
              shown.value.draft = "";
              void ask(shown.value, t(word), null);
            }}
            disabled={serverState.value !== "ready"}
          >
            {t(word)}
          </button>
        ))}
      </div>
    </div>
  );
}

const STEPS = { first: 2, least: 2, most: 64 }; // messages, from the end
const NEAR = 6; // messages before the end that are laid out wherever they are
const NEAR_END = 60; // pixels
const STRETCH = 16; // messages
const GAP = 22; // pixels between messages, as in style.css

// About how high a message is, in pixels. It need not be exact: the place of what is not drawn yet has this height, and
// so has what is drawn but was never near the screen. So the text on the screen does not move when one becomes the other.
const heightOf = ({ role, content }: Message) => (role === "user" ? 80 : 130) + Math.round(content.length / 3);
const heightOfAll = (messages: Shown[]) => messages.reduce((sum, { message }) => sum + heightOf(message), 0);

function shownOf(conversation: Conversation): Shown[] {
  const branch = branchOf(conversation);
  const places = versionsOf(conversation);
  const run = runOf(conversation);
  const busy = isBusy(conversation);
  const newest = branch.findLast((m) => m.role === "assistant");
  return branch.map((message, i) => ({
    conversation,
    message,
    run: run?.message === message ? run : undefined,
    outcome: message.outcome,
    model: message.model,
    busy,
    newest: message === newest,
    ...places.get(message)!,
    edited: editing.value === message.id,
    unfolded: openThinking.value.has(message.id),
    far: branch.length - i > NEAR,
  }));
}

function isSame(a: Shown, b: Shown): boolean {
  for (const key in a) if (a[key as keyof Shown] !== b[key as keyof Shown]) return false;
  return true;
}

// Messages that stand together. They are compared as one, and the browser leaves them alone as one while they are far
// from the end and not on the screen. So a long conversation has few parts.
const Stretch = memo(
  function Stretch({ messages }: { messages: Shown[] }) {
    const far = messages.at(-1)!.far;
    return (
      <div
        class={far ? "stretch far" : "stretch"}
        style={{ containIntrinsicHeight: `auto ${heightOfAll(messages) - GAP}px` }}
      >
        {messages.map((shown) => (
          <MessageView key={shown.message.id} {...shown} />
        ))}
      </div>
    );
  },
  (a, b) => a.messages.length === b.messages.length && a.messages.every((shown, i) => isSame(shown, b.messages[i]!)),
);

// The end of a long conversation is there at once. What is before comes in steps.
function Messages({ conversation, onResize }: { conversation: Conversation; onResize: () => void }) {
  revision.value;
  const all = shownOf(conversation);
  const older = useRef(all.length).current; // what comes later is drawn at once
  const from = Math.min(older - useSteps(older, STEPS, "hidden"), Math.max(0, all.length - STEPS.first));
  const stretches: Shown[][] = [];
  for (let i = from; i < all.length; i += STRETCH - (i % STRETCH))
    stretches.push(all.slice(i, i + STRETCH - (i % STRETCH)));
  const list = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const observer = new ResizeObserver(onResize);
    observer.observe(list.current!);
    return () => observer.disconnect();
  }, []);
  return (
    <div
      ref={list}
      class="messages"
      role="log"
      aria-live="polite"
      aria-busy={from > 0 || isBusy(conversation)}
      aria-label={conversation.title || t("conversation")}
    >
      {from > 0 && <div style={{ height: heightOfAll(all.slice(0, from)) }} />}
      {stretches.map((messages, i) => (
        <Stretch key={Math.floor(from / STRETCH) + i} messages={messages} />
      ))}
    </div>
  );
}

export function Transcript() {
  revision.value;
  const conversation = shown.value;
  const run = runOf(conversation);
  const place = useRef<HTMLDivElement>(null);
  const follows = useRef(true);
  const last = useRef(0);
  const away = useSignal(false);
  // A browser that holds the text where it is when something above it grows or shrinks would take the reader from the end.
  const follow = (follow: boolean) => {
    follows.current = follow;
    place.current!.style.setProperty("overflow-anchor", follow ? "none" : "auto");
  };
  const toEnd = () => {
    follow(true);
    place.current!.scrollTop = place.current!.scrollHeight;
    last.current = place.current!.scrollTop; // which may be less than before: the end moves up where text is replaced
  };
  // Before the first frame, in which the observer of the messages goes to the end.
  useLayoutEffect(() => follow(true), [conversation.id]);
  useEffect(() => {
    if (run) toEnd();
  }, [run !== undefined]);
  const isEmpty = conversation.leaf === null;
  return (
    <div class="transcript-place">
      <div
        class="transcript"
        ref={place}
        tabIndex={-1}
        onScroll={(event) => {
          // Text that has come since the last frame also moves the end away; only a reader scrolls up.
          const { scrollTop, scrollHeight, clientHeight } = event.currentTarget;
          if (scrollHeight - scrollTop - clientHeight < NEAR_END) follow(true);
          else if (scrollTop < last.current) follow(false);
          last.current = scrollTop;
          away.value = !follows.current;
        }}
      >
        {isEmpty ? (
          <Welcome />
        ) : (
          <Messages
            key={conversation.id}
            conversation={conversation}
            // Follows the text while the reader is at its end, and leaves it alone otherwise.
            onResize={() => follows.current && toEnd()}
          />
        )}
      </div>
      {away.value && !isEmpty && <IconButton icon="down" class="jump" name={t("jump")} onClick={toEnd} />}
    </div>
  );
}
