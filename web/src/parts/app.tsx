// The page: the history on the left, a conversation, and where the next question is written.
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { ask, lastOf, regenerate } from "../chat/generate.ts";
import { isBusy, runOf, stopRun } from "../chat/run.ts";
import { serverState } from "../chat/server_state.ts";
import { branchOf } from "../store/conversation.ts";
import { revision, shown, startNew } from "../store/history.ts";
import { prefer, preferences } from "../store/preferences.ts";
import { language, t, type Word } from "../words.ts";
import { Composer, focusComposer } from "./composer.tsx";
import { ContextGauge } from "./context.tsx";
import { Dialogs } from "./dialogs.tsx";
import { IconButton } from "./icons.tsx";
import { copyText } from "./markdown.tsx";
import { MessageView } from "./message.tsx";
import { ModelPicker } from "./model_picker.tsx";
import { Sidebar } from "./sidebar.tsx";
import { closeAll, dialog, drawer, editing, say, toast, toggleThinking } from "./view_state.ts";

const STARTS: Word[] = ["startMath", "startLinear", "startCountdown"];
const isNarrow = () => matchMedia("(max-width: 800px)").matches;

function toggleSidebar(): void {
  if (isNarrow()) drawer.value = !drawer.value;
  else prefer({ sidebar: !preferences.value.sidebar });
}

// What the keys do wherever the focus is. The letters are those of the keyboard's places, because Alt changes them.
const actions: Record<string, () => void> = {
  "ctrl+shift+KeyO": () => {
    startNew();
    focusComposer();
  },
  "ctrl+KeyK": () => {
    if (isNarrow()) drawer.value = true;
    else prefer({ sidebar: true });
    setTimeout(() => document.querySelector<HTMLInputElement>("#search")?.focus());
  },
  "ctrl+KeyB": toggleSidebar,
  "ctrl+Slash": () => (dialog.value = dialog.value === "shortcuts" ? null : "shortcuts"),
  "alt+KeyT": () => {
    const answer = lastOf(shown.value, "assistant");
    if (answer?.thinking) toggleThinking(answer.id);
  },
  "alt+KeyR": () => {
    const answer = lastOf(shown.value, "assistant");
    if (answer) void regenerate(shown.value, answer);
  },
  "alt+KeyE": () => {
    const question = lastOf(shown.value, "user");
    if (question && !isBusy(shown.value)) editing.value = question.id;
  },
  "alt+KeyC": () => {
    const answer = lastOf(shown.value, "assistant");
    if (answer) void copyText(answer.content).then((done) => done && say(t("copied")));
  },
};

function escape(): void {
  const run = runOf(shown.value);
  if (drawer.value) drawer.value = false;
  else if (run) stopRun(run);
}

function onKey(event: KeyboardEvent): void {
  if (event.isComposing || event.defaultPrevented) return;
  const typing = /^(INPUT|TEXTAREA)$/.test((event.target as Element).tagName);
  if (event.key === "Escape" && !dialog.value) return escape();
  if (event.key === "?" && !typing && !dialog.value) return void (dialog.value = "shortcuts");
  const keys = [
    event.ctrlKey || event.metaKey ? "ctrl" : "",
    event.altKey ? "alt" : "",
    event.shiftKey ? "shift" : "",
    event.code,
  ];
  const action = actions[keys.filter(Boolean).join("+")];
  if (!action || (dialog.value && event.code !== "Slash") || serverState.value === "locked") return;
  event.preventDefault();
  action();
}

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

const FIRST = 6; // messages of a conversation that are drawn at once
const NEAR = 6; // messages before the end that are laid out wherever they are
const NEAR_END = 60; // pixels

// From which message on a branch is drawn. A long conversation is there with its end at once; what is before comes in
// steps, so that nobody waits for it.
function useBeginning(id: string, length: number): number {
  const state = useRef({ id: "", from: 0 }).current;
  const more = useSignal(0);
  more.value;
  if (state.id !== id) Object.assign(state, { id, from: Math.max(0, length - FIRST) });
  useEffect(() => {
    if (!state.from) return;
    const timer = setTimeout(() => {
      state.from = Math.max(0, state.from - 2);
      ++more.value;
    });
    return () => clearTimeout(timer);
  });
  return Math.min(state.from, Math.max(0, length - FIRST));
}

function Transcript() {
  revision.value;
  const conversation = shown.value;
  const branch = branchOf(conversation);
  const from = useBeginning(conversation.id, branch.length);
  const run = runOf(conversation);
  const place = useRef<HTMLDivElement>(null);
  const follows = useRef(true);
  const last = useRef(0);
  const away = useSignal(false);
  const toEnd = () => {
    follows.current = true;
    place.current!.scrollTop = place.current!.scrollHeight;
  };
  // Follows the text while the reader is at its end, and leaves it alone otherwise.
  useEffect(() => {
    const observer = new ResizeObserver(() => follows.current && toEnd());
    observer.observe(place.current!.firstElementChild!);
    return () => observer.disconnect();
  }, [branch.length > 0]);
  useEffect(toEnd, [conversation.id]);
  useEffect(() => {
    if (run) toEnd();
  }, [run !== undefined]);
  return (
    <div class="transcript-place">
      <div
        class="transcript"
        ref={place}
        tabIndex={-1}
        onScroll={(event) => {
          // Text that has come since the last frame also moves the end away; only a reader scrolls up.
          const { scrollTop, scrollHeight, clientHeight } = event.currentTarget;
          if (scrollHeight - scrollTop - clientHeight < NEAR_END) follows.current = true;
          else if (scrollTop < last.current) follows.current = false;
          last.current = scrollTop;
          away.value = !follows.current;
        }}
      >
        {branch.length ? (
          <div
            class="messages"
            role="log"
            aria-live="polite"
            aria-busy={isBusy(conversation)}
            aria-label={conversation.title || t("conversation")}
          >
            {branch.slice(from).map((message, i) => (
              <MessageView
                key={message.id}
                conversation={conversation}
                message={message}
                far={branch.length - from - i > NEAR}
              />
            ))}
          </div>
        ) : (
          <Welcome />
        )}
      </div>
      {away.value && branch.length > 0 && <IconButton icon="down" class="jump" name={t("jump")} onClick={toEnd} />}
    </div>
  );
}

function Toast() {
  const shownToast = toast.value;
  return (
    <div class="toast-place" role="status">
      {shownToast && (
        <div class="toast">
          <span>{shownToast.text}</span>
          {shownToast.undo && (
            <button
              type="button"
              onClick={() => {
                shownToast.undo!();
                toast.value = null;
              }}
            >
              {t("undo")}
            </button>
          )}
          <IconButton icon="close" name={t("close")} onClick={() => (toast.value = null)} />
        </div>
      )}
    </div>
  );
}

export function App() {
  useEffect(() => {
    addEventListener("keydown", onKey);
    addEventListener("popstate", closeAll);
    return () => {
      removeEventListener("keydown", onKey);
      removeEventListener("popstate", closeAll);
    };
  }, []);
  revision.value;
  const conversation = shown.value;
  // Not with each change of the conversation: a browser styles the whole page anew, even if the language is the same.
  useEffect(() => {
    document.documentElement.lang = language.value;
  }, [language.value]);
  useEffect(() => {
    document.title = conversation.title ? `${conversation.title} – r1` : "r1";
  }, [conversation.title]);
  const begin = () => {
    startNew();
    focusComposer();
  };
  return (
    <div class={`page ${preferences.value.sidebar ? "with-sidebar" : ""} ${drawer.value ? "with-drawer" : ""}`}>
      <a class="skip" href="#question" onClick={(event) => (event.preventDefault(), focusComposer())}>
        {t("skip")}
      </a>
      <Sidebar />
      <div class="shade" onClick={() => (drawer.value = false)} />
      <main>
        <header class="bar">
          <IconButton icon="sidebar" name={t("openSidebar")} onClick={toggleSidebar} />
          {conversation.messages.length ? <h1 class="bar-title">{conversation.title}</h1> : <span class="bar-title" />}
          <ModelPicker conversation={conversation} />
          <ContextGauge conversation={conversation} />
          <IconButton icon="plus" name={t("newChat")} onClick={begin} />
        </header>
        <Transcript />
        <Composer />
      </main>
      <Dialogs />
      <Toast />
    </div>
  );
}
