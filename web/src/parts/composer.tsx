// Where a question is written. Enter sends, but not while an input method composes a character.
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { ask, lastOf } from "../chat/generate.ts";
import { models } from "../chat/models.ts";
import { isBusy, runOf, stopRun } from "../chat/run.ts";
import { props, serverState } from "../chat/server_state.ts";
import { changed, changedDraft, draftRevision, kept, revision, shown } from "../store/history.ts";
import { t } from "../words.ts";
import { contextUse } from "./context.tsx";
import { Icon } from "./icons.tsx";
import { dialog, editing } from "./view_state.ts";
import { VotesSwitch } from "./votes.tsx";

const MOST_HEIGHT = 280;
const SURELY_HIGHER = 6000; // characters

export function focusComposer(): void {
  document.querySelector<HTMLTextAreaElement>("#question")?.focus();
}

function StatusLine() {
  const state = serverState.value;
  if (state === "loading" || state === "unreachable")
    return (
      <div class="status" role="status">
        <span class="pulse" aria-hidden="true" />
        {t(state === "loading" ? "loading" : "offline")}
      </div>
    );
  const use = contextUse(shown.value);
  if (use && use.percent >= 80)
    return (
      <div class="status warning" role="status">
        {t("contextWarning", { percent: use.percent })}
      </div>
    );
  return null;
}

export function Composer() {
  revision.value;
  draftRevision.value;
  const conversation = shown.value;
  const run = runOf(conversation);
  const field = useRef<HTMLTextAreaElement>(null);
  const ready = serverState.value === "ready";
  useLayoutEffect(() => {
    const area = field.current!;
    if (area.value !== conversation.draft) area.value = conversation.draft;
    // A long text is not laid out twice for each letter.
    const long = conversation.draft.length > SURELY_HIGHER;
    if (!long) area.style.height = "auto";
    area.style.height = `${long ? MOST_HEIGHT : Math.min(area.scrollHeight, MOST_HEIGHT)}px`;
  }, [conversation.draft]); // with anything else the browser would have to lay out the messages before the next frame
  useEffect(() => {
    if (matchMedia("(hover: hover)").matches && !editing.value) field.current!.focus();
  }, [conversation.id]);

  const send = () => {
    const text = conversation.draft.trim();
    if (!text || isBusy(conversation) || !ready) return;
    conversation.draft = "";
    void ask(conversation, text, conversation.leaf);
    focusComposer();
  };
  const keyDown = (event: KeyboardEvent) => {
    // Safari ends a composition before it reports the key, with the code 229.
    if (event.isComposing || event.keyCode === 229) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      send();
    } else if (event.key === "ArrowUp" && !conversation.draft) {
      const question = lastOf(conversation, "user");
      if (!question || isBusy(conversation)) return;
      event.preventDefault();
      editing.value = question.id;
    }
  };
  return (
    <div class="composer-place">
      <StatusLine />
      <form
        class="composer"
        onSubmit={(event) => {
          event.preventDefault();
          send();
        }}
      >
        <textarea
          id="question"
          ref={field}
          rows={1}
          placeholder={t("ask")}
          aria-label={t("ask")}
          onInput={(event) => {
            conversation.draft = event.currentTarget.value;
            changedDraft(conversation);
          }}
          onKeyDown={keyDown}
        />
        <div class="composer-row">
          <button
            type="button"
            class="chip"
            aria-pressed={conversation.thinks}
            title={t("thinkHint")}
            onClick={() => {
              conversation.thinks = !conversation.thinks;
              changed(conversation);
            }}
          >
            <Icon name="think" />
            {t("think")}
          </button>
          <button type="button" class="chip" title={t("settings")} onClick={() => (dialog.value = "settings")}>
            <Icon name="sliders" />
            <span class="chip-text">{t("settingsShort")}</span>
          </button>
          <VotesSwitch conversation={conversation} />
          <span class="spring" />
          {run ? (
            <button
              type="button"
              class="send stop"
              aria-label={t("stop")}
              title={`${t("stop")} (Esc)`}
              onClick={() => stopRun(run)}
            >
              <Icon name="stop" />
            </button>
          ) : (
            <button
              type="submit"
              class="send"
              aria-label={t("send")}
              title={t("send")}
              disabled={!conversation.draft.trim() || !ready || isBusy(conversation)}
            >
              <Icon name="send" />
            </button>
          )}
        </div>
      </form>
      <p class="where">
        {props.value && models.value.length < 2 && <span class="where-model">{props.value.model}</span>}
        <span>{t(kept.value ? "storedHere" : "notStored")}</span>
      </p>
    </div>
  );
}
