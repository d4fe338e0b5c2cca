// One message with what can be done to it.
import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { answerNow } from "../chat/api.ts";
import { ask, continueAnswer, lastOf, regenerate } from "../chat/generate.ts";
import { isBusy, type Run, runOf, thinkingMs, tick, tokensPerSecond } from "../chat/run.ts";
import { type Conversation, type Message, showBranch, siblingsOf } from "../store/conversation.ts";
import { changed, revision } from "../store/history.ts";
import { formatCount, formatTime, t, type Word } from "../words.ts";
import { Icon, IconButton } from "./icons.tsx";
import { COPIED_MS, copyText, Markdown } from "./markdown.tsx";
import { VotesView } from "./votes.tsx";
import { editing, openThinking, toggleThinking } from "./view_state.ts";

// Messages and runs are changed in place, and a component that reads signals draws again only when one of them changes.
function drawWith(run: Run | undefined): void {
  revision.value;
  if (run) tick.value;
}

interface Shown {
  conversation: Conversation;
  message: Message;
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
function Versions({ conversation, message }: Shown) {
  drawWith(undefined);
  const siblings = siblingsOf(conversation, message);
  if (siblings.length < 2) return null;
  const at = siblings.indexOf(message);
  const go = (index: number) => {
    showBranch(conversation, siblings[index]!.id);
    changed(conversation);
  };
  const busy = isBusy(conversation);
  return (
    <span class="versions" role="group" aria-label={t("version", { n: at + 1, total: siblings.length })}>
      <IconButton icon="left" name={t("previous")} disabled={busy || at === 0} onClick={() => go(at - 1)} />
      <span class="versions-at">
        {at + 1}/{siblings.length}
      </span>
      <IconButton
        icon="right"
        name={t("next")}
        disabled={busy || at === siblings.length - 1}
        onClick={() => go(at + 1)}
      />
    </span>
  );
}

function Editor({ conversation, message }: Shown) {
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
    if (!text.value.trim() || isBusy(conversation)) return;
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
        <button type="submit" class="primary" disabled={!text.value.trim() || isBusy(conversation)}>
          {t("sendAgain")}
        </button>
      </div>
    </form>
  );
}

function Question({ conversation, message }: Shown) {
  drawWith(undefined);
  if (editing.value === message.id) return <Editor conversation={conversation} message={message} />;
  const busy = isBusy(conversation);
  return (
    <>
      <div class="bubble">{message.content}</div>
      <div class="actions">
        <Versions conversation={conversation} message={message} />
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

function Thinking({ message, run }: { message: Message; run: Run | undefined }) {
  drawWith(run);
  const running = run?.phase === "thinking";
  const text = message.thinking ?? "";
  if (!text.trim()) return null;
  const open = openThinking.value.has(message.id);
  const figures = run ? run.stream.before : message.figures;
  const time = (run ? thinkingMs(run) : 0) + (figures?.thinkingMs ?? 0);
  const tokens = (run?.stream.thinkingTokens ?? 0) + (figures?.thinkingTokens ?? 0);
  const id = `thinking-${message.id}`;
  return (
    <section class={`thinking ${running ? "running" : ""} ${open ? "open" : ""}`}>
      <div class="thinking-row">
        <button
          type="button"
          class="thinking-head"
          aria-expanded={open}
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
        {open ? <Markdown text={text} growing={running} /> : running && <Tail text={text} />}
      </div>
    </section>
  );
}

function Figures({ message, run }: { message: Message; run: Run | undefined }) {
  drawWith(run);
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

function OutcomeLine({ conversation, message }: Shown) {
  if (message.outcome === "done") return null;
  const isLast = lastOf(conversation, "assistant") === message;
  const busy = isBusy(conversation);
  const text = message.error ?? "";
  const goesOn = isLast && (message.content || message.thinking) && text !== "contextFull" && (
    <button type="button" class="small" disabled={busy} onClick={() => void continueAnswer(conversation, message)}>
      {t("continue")}
    </button>
  );
  if (message.outcome === "stopped" || message.outcome === "cut")
    return (
      <Notice kind="plain">
        <span>{t(message.outcome)}</span>
        {goesOn}
      </Notice>
    );
  if (message.outcome !== "failed") return null;
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

function Answer({ conversation, message }: Shown) {
  const current = runOf(conversation);
  const run = current?.message === message ? current : undefined;
  drawWith(run);
  const waiting = run && ["queued", "loading", "reading"].includes(run.phase);
  const elsewhere = !run && message.outcome === "running"; // in another tab, or before a reload
  return (
    <>
      {waiting && <Waiting run={run} />}
      <Thinking message={message} run={run} />
      {elsewhere && (
        <div class="waiting">
          <span class="pulse" aria-hidden="true" />
          {t("resuming")}
        </div>
      )}
      {message.content && <Markdown text={message.content} growing={run !== undefined} />}
      {!run && message.votes && <VotesView votes={message.votes} />}
      {!run && <OutcomeLine conversation={conversation} message={message} />}
      <div class="actions">
        {!run && (
          <>
            <Versions conversation={conversation} message={message} />
            {message.content && <CopyButton text={message.content} />}
            {message.outcome !== "failed" && (
              <IconButton
                icon="again"
                name={t("regenerate")}
                disabled={isBusy(conversation)}
                onClick={() => void regenerate(conversation, message)}
              />
            )}
          </>
        )}
        <Figures message={message} run={run} />
      </div>
    </>
  );
}

// `far`: the message is so far from the end of the conversation that the browser may leave it without style and layout
// until it comes near the screen. The last messages are laid out in any case, because the reader is about to see them.
export function MessageView({ conversation, message, far }: Shown & { far: boolean }) {
  const user = message.role === "user";
  return (
    <article
      class={`message ${message.role} ${far ? "far" : ""}`}
      aria-label={user ? t("you") : (message.model ?? "r1")}
    >
      {user ? (
        <Question conversation={conversation} message={message} />
      ) : (
        <Answer conversation={conversation} message={message} />
      )}
    </article>
  );
}
