// The page: the history on the left, a conversation, and where the next question is written.
import { useEffect } from "preact/hooks";
import { lastOf, regenerate } from "../chat/generate.ts";
import { isBusy, runOf, stopRun } from "../chat/run.ts";
import { serverState } from "../chat/server_state.ts";
import { revision, shown, startNew } from "../store/history.ts";
import { prefer, preferences } from "../store/preferences.ts";
import { language, t } from "../words.ts";
import { Composer, focusComposer } from "./composer.tsx";
import { ContextGauge } from "./context.tsx";
import { Dialogs } from "./dialogs.tsx";
import { IconButton } from "./icons.tsx";
import { copyText } from "./markdown.tsx";
import { ModelPicker } from "./model_picker.tsx";
import { Sidebar } from "./sidebar.tsx";
import { Transcript } from "./transcript.tsx";
import { closeAll, dialog, drawer, editing, say, toast, toggleThinking } from "./view_state.ts";

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
