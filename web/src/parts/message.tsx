// One message with what can be done to it.
import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { memo } from "preact/compat";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { answerNow } from "../chat/api.ts";
import { ask, continueAnswer, regenerate } from "../chat/generate.ts";
import { type Run, thinkingMs, tick, tokensPerSecond } from "../chat/run.ts";
import { type Conversation, type Message, type Outcome, showBranch, siblingsOf } from "../store/conversation.ts";
import { changed } from "../store/history.ts";
import { formatCount, formatTime, t, type Word } from "../words.ts";
import { Icon, IconButton } from "./icons.tsx";
import { COPIED_MS, copyText, Markdown } from "./markdown.tsx";
import { VotesView } from "./votes.tsx";
import { editing, toggleThinking } from "./view_state.ts";

// What a message is drawn from. Conversations and messages are changed in place, which a comparison does not see. So
// what changes after a message was drawn is here by value, and a message is drawn again when a value differs. Text that
// is on its way is followed with `tick`.
export interface Shown {
  conversation: Conversation;
  message: Message;
  run: Run | undefined; // that writes the message
  outcome: Outcome | undefined; // of the message
  model: string | undefined; // of the message
  busy: boolean; // the conversation
  newest: boolean; // the last answer of the branch
  version: number; // its place among its siblings, from 0
  versions: number;
  edited: boolean;
  unfolded: boolean; // its thinking
  far: boolean; // see MessageView
}

function CopyButton({ text }: { text: string }) {
  const done = useSignal(false);
  return (
    <IconButton
      icon={done.value ? "check" : "copy"}
      name={t(done.value ? "copied" : "copy")}
      onClick={async () => {
        done.value = await copyText(text);
        setTimeout(() => (done.value = false), COPIED_MS);
      }}
    />
  );
}

// "‹ 2/3 ›" where a message has siblings.
function Versions({ conversation, message, busy, version, versions }: Shown) {
  if (versions < 2) return null;
  const go = (index: number) => {
    showBranch(conversation, siblingsOf(conversation, message)[index]!.id);
    changed(conversation);
  };
  return (
    <span class="versions" role="group" aria-label={t("version", { n: version + 1, total: versions })}>
      <IconButton icon="left" name={t("previous")} disabled={busy || version === 0} onClick={() => go(version - 1)} />
      <span class="versions-at">
        {version + 1}/{versions}
      </span>
      <IconButton
        icon="right"
        name={t("next")}
        disabled={busy || version === versions - 1}
        onClick={() => go(version + 1)}
      />
    </span>
  );
}

function Editor({ conversation, message, busy }: Shown) {
  const text = useSignal(message.content);
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    field.current!.focus();
    field.current!.setSelectionRange(text.value.length, text.value.length);
  }, []);
  useLayoutEffect(() => {
    field.current!.style.height = "auto";
    field.current!.style.height = `${field.current!.scrollHeight}px`;
  });
  const close = () => (editing.value = null);
  const send = () => {
    if (!text.value.trim() || busy) return;
    close();
    void ask(conversation, text.value, message.parent);
  };
  return (
    <form
      class="editor"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <textarea
        ref={field}
        aria-label={t("editQuestion")}
        value={text.value}
        onInput={(event) => (text.value = event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.isComposing) return;
          if (event.key === "Escape") {
            event.stopPropagation();
            close();
          } else if (event.key === "Enter" && !event.shiftKey) {
            event.preventDefault();
            send();
          }
        }}
      />
      <div class="row end">
        <button type="button" class="quiet" onClick={close}>
          {t("cancel")}
        </button>
        <button type="submit" class="primary" disabled={!text.value.trim() || busy}>
          {t("sendAgain")}
        </button>
      </div>
    </form>
  );
}

function Question(shown: Shown) {
  const { message, busy, edited } = shown;
  if (edited) return <Editor {...shown} />;
  return (
    <>
      <div class="bubble">{message.content}</div>
      <div class="actions">
        <Versions {...shown} />
        <IconButton icon="edit" name={t("edit")} disabled={busy} onClick={() => (editing.value = message.id)} />
        <CopyButton text={message.content} />
      </div>
    </>
  );
}

// Three lines at the end of the thinking while it grows.
function Tail({ text }: { text: string }) {
  return (
    <div class="tail" aria-hidden="true">
      <div class="tail-text">{text.slice(-600).trimEnd()}</div>
    </div>
  );
}

function Thinking({ message, run, unfolded }: Shown) {
  if (run) tick.value;
  const running = run?.phase === "thinking";
  const text = message.thinking ?? "";
  if (!text.trim()) return null;
  const figures = run ? run.stream.before : message.figures;
  const time = (run ? thinkingMs(run) : 0) + (figures?.thinkingMs ?? 0);
  const tokens = (run?.stream.thinkingTokens ?? 0) + (figures?.thinkingTokens ?? 0);
  const id = `thinking-${message.id}`;
  return (
    <section class={`thinking ${running ? "running" : ""} ${unfolded ? "open" : ""}`}>
      <div class="thinking-row">
        <button
          type="button"
          class="thinking-head"
          aria-expanded={unfolded}
          aria-controls={id}
          onClick={() => toggleThinking(message.id)}
        >
          <Icon name="right" />
          <span class="thinking-name">
            {running
              ? `${t("thinking")} `
              : message.votes
                ? t("thinkingOfAnswer")
                : t("thought", { time: formatTime(time) })}
            {running && <span class="figure">{formatTime(time)}</span>}
          </span>
          {!message.votes && <span class="figure">{t("tokens", { n: formatCount(tokens) })}</span>}
        </button>
        {running && run.stream.answer && (
          <button type="button" class="quiet small" onClick={() => void answerNow(run.stream.answer).catch(() => {})}>
            {t("answerNow")}
          </button>
        )}
      </div>
      <div id={id} class="thinking-body">
        {unfolded ? <Markdown text={text} growing={running} /> : running && <Tail text={text} />}
      </div>
    </section>
  );
}

function Figures({ message, run }: Shown) {
  if (run) tick.value;
  const rate = run ? tokensPerSecond(run) : (message.figures?.tokensPerSecond ?? 0);
  const stream = run?.stream;
  const first = stream ? stream.firstToken && stream.firstToken - stream.started : (message.figures?.firstTokenMs ?? 0);
  const tokens = stream ? stream.thinkingTokens + stream.answerTokens : (message.figures?.answerTokens ?? 0);
  if (!rate && !first) return null;
  return (
    <span class="figures">
      {rate > 0 && <span>{t("rate", { n: rate < 10 ? rate.toFixed(1) : formatCount(rate) })}</span>}
      {first > 0 && <span>{t("first", { time: formatTime(first) })}</span>}
      {tokens > 0 && <span>{t("tokens", { n: formatCount(tokens) })}</span>}
    </span>
  );
}

const knownErrors: Record<string, Word> = {
  unreachable: "unreachable",
  broken: "broken",
  queueFull: "queueFull",
  contextFull: "contextFull",
  gone: "gone",
  notReady: "notReady",
};

function Notice({ kind, children }: { kind: "plain" | "error"; children: ComponentChildren }) {
  return (
    <div class={`notice ${kind}`} role={kind === "error" ? "alert" : undefined}>
      {children}
    </div>
  );
}

function OutcomeLine({ conversation, message, outcome, newest, busy }: Shown) {
  if (outcome === "done") return null;
  const text = message.error ?? "";
  const goesOn = newest && (message.content || message.thinking) && text !== "contextFull" && (
    <button type="button" class="small" disabled={busy} onClick={() => void continueAnswer(conversation, message)}>
      {t("continue")}
    </button>
  );
  if (outcome === "stopped" || outcome === "cut")
    return (
      <Notice kind="plain">
        <span>{t(outcome)}</span>
        {goesOn}
      </Notice>
    );
  if (outcome !== "failed") return null;
  const known = knownErrors[text];
  return (
    <Notice kind="error">
      <span>{known ? t(known) : t("failed", { reason: text })}</span>
      <button type="button" class="small" disabled={busy} onClick={() => void regenerate(conversation, message)}>
        {t("retry")}
      </button>
      {goesOn}
    </Notice>
  );
}

// What an answer waits for before its first word.
function Waiting({ run }: { run: Run }) {
  tick.value;
  const { phase, read, loading, votes } = run;
  const total = run.stream.promptTokens;
  const bar = loading ? loading.progress : phase === "reading" ? read / total : null;
  const text = loading
    ? t("loadingModel", { model: loading.model, percent: Math.round(100 * loading.progress) })
    : phase === "queued"
      ? t(votes > 1 ? "drawing" : "queued", { n: votes })
      : read < total
        ? t("reading", { n: formatCount(read), total: formatCount(total) })
        : t("thinking");
  return (
    <div class="waiting">
      <span class="pulse" aria-hidden="true" />
      {text}
      {bar !== null && <progress value={bar} max={1} aria-label={text} />}
    </div>
  );
}

function Answer(shown: Shown) {
  const { conversation, message, run, outcome, busy } = shown;
  if (run) tick.value;
  const waiting = run && ["queued", "loading", "reading"].includes(run.phase);
  const elsewhere = !run && outcome === "running"; // in another tab, or before a reload
  return (
    <>
      {waiting && <Waiting run={run} />}
      <Thinking {...shown} />
      {elsewhere && (
        <div class="waiting">
          <span class="pulse" aria-hidden="true" />
          {t("resuming")}
        </div>
      )}
      {message.content && <Markdown text={message.content} growing={run !== undefined} />}
      {!run && message.votes && <VotesView votes={message.votes} />}
      {!run && <OutcomeLine {...shown} />}
      <div class="actions">
        {!run && (
          <>
            <Versions {...shown} />
            {message.content && <CopyButton text={message.content} />}
            {outcome !== "failed" && (
              <IconButton
                icon="again"
                name={t("regenerate")}
                disabled={busy}
                onClick={() => void regenerate(conversation, message)}
              />
            )}
          </>
        )}
        <Figures {...shown} />
      </div>
    </>
  );
}

// `far`: the message is so far from the end of the conversation that the browser may leave it without style and layout
// until it comes near the screen. The last messages are laid out in any case, because the reader is about to see them.
export const MessageView = memo(function MessageView(shown: Shown) {
  const { message, model, far } = shown;
  const user = message.role === "user";
  return (
    <article class={`message ${message.role} ${far ? "far" : ""}`} aria-label={user ? t("you") : (model ?? "r1")}>
      {user ? <Question {...shown} /> : <Answer {...shown} />}
    </article>
  );
});
