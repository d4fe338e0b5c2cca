// The dialogs: settings of a conversation, preferences, shortcuts, and the key that a server asks for.
import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { modelOf } from "../chat/models.ts";
import { keyRefused, props, serverState, unlock } from "../chat/server_state.ts";
import type { Sampling } from "../store/conversation.ts";
import { changed, kept, revision, shown } from "../store/history.ts";
import { prefer, type Preferences, preferences } from "../store/preferences.ts";
import { SAMPLING_RANGES } from "../store/transfer.ts";
import { t, type Word } from "../words.ts";
import { Icon, IconButton } from "./icons.tsx";
import { exportAll, importFile } from "./sidebar.tsx";
import { dialog } from "./view_state.ts";

// A modal dialog of the browser, which keeps the focus inside and closes on Escape.
function Modal({ title, locked, children }: { title: string; locked?: boolean; children: ComponentChildren }) {
  const element = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    element.current!.showModal();
  }, []);
  const close = () => {
    if (!locked) dialog.value = null;
  };
  return (
    <dialog
      ref={element}
      aria-labelledby="dialog-title"
      onCancel={(event) => {
        event.preventDefault();
        close();
      }}
      onClick={(event) => event.target === element.current && close()}
    >
      <div class="dialog-body">
        <header class="dialog-head">
          <h2 id="dialog-title">{title}</h2>
          {!locked && <IconButton icon="close" name={t("close")} onClick={close} />}
        </header>
        {children}
      </div>
    </dialog>
  );
}

function NumberField({ name }: { name: keyof Sampling }) {
  const { sampling } = shown.value;
  const range = SAMPLING_RANGES[name];
  const served = props.value;
  const advice = served?.model === (modelOf(shown.value)?.id ?? served?.model) && served?.default_sampling?.[name];
  const placeholder =
    name === "seed"
      ? t("randomSeed")
      : name === "thinkingBudget"
        ? t("noLimit")
        : typeof advice === "number"
          ? advice
          : "–";
  return (
    <label class="field">
      <span>{t(name)}</span>
      <input
        type="number"
        inputMode="decimal"
        min={range.least}
        max={range.most}
        step={range.step}
        placeholder={typeof placeholder === "number" ? String(+placeholder.toFixed(4)) : placeholder}
        value={sampling[name] ?? ""}
        onInput={(event) => {
          const { valueAsNumber, validity } = event.currentTarget;
          if (Number.isNaN(valueAsNumber)) delete sampling[name];
          else if (!validity.rangeOverflow && !validity.rangeUnderflow)
            sampling[name] = range.step === 1 ? Math.round(valueAsNumber) : valueAsNumber;
          changed(shown.value);
        }}
      />
    </label>
  );
}

function Settings() {
  revision.value;
  const conversation = shown.value;
  return (
    <Modal title={t("settings")}>
      <label class="field tall">
        <span>{t("system")}</span>
        <textarea
          rows={4}
          aria-describedby="system-hint"
          value={conversation.system}
          onInput={(event) => {
            conversation.system = event.currentTarget.value;
            changed(conversation);
          }}
        />
        <small id="system-hint">{t("systemHint")}</small>
      </label>
      <fieldset>
        <legend>{t("sampling")}</legend>
        <p class="hint">{t("samplingHint")}</p>
        <div class="fields">
          {(Object.keys(SAMPLING_RANGES) as (keyof Sampling)[]).map((name) => (
            <NumberField key={name} name={name} />
          ))}
        </div>
      </fieldset>
    </Modal>
  );
}

function Choice<K extends "theme" | "language">(given: { name: K; word: Word; values: [Preferences[K], string][] }) {
  return (
    <fieldset class="choice">
      <legend>{t(given.word)}</legend>
      <div class="segments">
        {given.values.map(([value, text]) => (
          <label key={value}>
            <input
              type="radio"
              name={given.name}
              checked={preferences.value[given.name] === value}
              onChange={() => prefer({ [given.name]: value })}
            />
            <span>{text}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}

function PreferencesDialog() {
  const file = useRef<HTMLInputElement>(null);
  return (
    <Modal title={t("preferences")}>
      <Choice
        name="theme"
        word="theme"
        values={[
          ["system", t("system_")],
          ["light", t("light")],
          ["dark", t("dark")],
        ]}
      />
      <Choice
        name="language"
        word="language"
        values={[
          ["auto", t("automatic")],
          ["en", "English"],
          ["zh", "中文"],
        ]}
      />
      <fieldset class="choice">
        <legend>{t("history")}</legend>
        <p class="hint">{t(kept.value ? "storedHere" : "notStored")}</p>
        <div class="row">
          <button type="button" onClick={exportAll}>
            <Icon name="download" />
            {t("exportAll")}
          </button>
          <button type="button" onClick={() => file.current!.click()}>
            <Icon name="upload" />
            {t("import")}
          </button>
          <input
            ref={file}
            type="file"
            accept=".json,application/json"
            hidden
            aria-label={t("import")}
            onChange={(event) => {
              const [chosen] = event.currentTarget.files ?? [];
              if (chosen) void importFile(chosen);
              event.currentTarget.value = "";
              dialog.value = null;
            }}
          />
        </div>
      </fieldset>
      {props.value && (
        <p class="hint build">
          {props.value.model} · {props.value.build}
        </p>
      )}
    </Modal>
  );
}

const isMac = /Mac|iPhone|iPad/.test(navigator.platform);
export const shortcuts: [Word, string[]][] = [
  ["keySend", ["Enter"]],
  ["keyLine", ["Shift", "Enter"]],
  ["keyStop", ["Esc"]],
  ["keyNew", ["Ctrl", "Shift", "O"]],
  ["keySearch", ["Ctrl", "K"]],
  ["keySidebar", ["Ctrl", "B"]],
  ["keyThinking", ["Alt", "T"]],
  ["keyRegenerate", ["Alt", "R"]],
  ["keyEdit", ["Alt", "E"]],
  ["keyCopy", ["Alt", "C"]],
  ["keyHelp", ["Ctrl", "/"]],
];

function Shortcuts() {
  return (
    <Modal title={t("shortcuts")}>
      <dl class="shortcuts">
        {shortcuts.map(([word, keys]) => (
          <div key={word}>
            <dt>{t(word)}</dt>
            <dd>
              {keys.map((key) => (
                <kbd key={key}>{isMac && key === "Ctrl" ? "⌘" : isMac && key === "Alt" ? "⌥" : key}</kbd>
              ))}
            </dd>
          </div>
        ))}
      </dl>
    </Modal>
  );
}

function KeyDialog() {
  const key = useSignal("");
  const keep = useSignal(false);
  return (
    <Modal title={t("apiKey")} locked>
      <form
        class="key-form"
        onSubmit={(event) => {
          event.preventDefault();
          void unlock(key.value.trim(), keep.value);
        }}
      >
        <p class="hint" id="key-hint">
          {t("apiKeyHint")}
        </p>
        <input
          type="password"
          autocomplete="off"
          aria-label={t("apiKey")}
          aria-describedby="key-hint"
          value={key.value}
          onInput={(event) => (key.value = event.currentTarget.value)}
        />
        {keyRefused.value && (
          <p class="notice error" role="alert">
            {t("apiKeyWrong")}
          </p>
        )}
        <label class="check">
          <input
            type="checkbox"
            checked={keep.value}
            onChange={(event) => (keep.value = event.currentTarget.checked)}
          />
          <span>{t("keepKey")}</span>
        </label>
        <div class="row end">
          <button type="submit" class="primary" disabled={!key.value.trim()}>
            {t("unlock")}
          </button>
        </div>
      </form>
    </Modal>
  );
}

export function Dialogs() {
  if (serverState.value === "locked") return <KeyDialog key="key" />;
  switch (dialog.value) {
    case "settings":
      return <Settings key="settings" />;
    case "preferences":
      return <PreferencesDialog key="preferences" />;
    case "shortcuts":
      return <Shortcuts key="shortcuts" />;
    default:
      return null;
  }
}
