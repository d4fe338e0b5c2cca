// The history: search, and each conversation with its menu.
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { runs, stopRun } from "../chat/run.ts";
import { type Conversation, matches, newId } from "../store/conversation.ts";
import {
  addConversations,
  changed,
  conversations,
  removeConversation,
  revision,
  show,
  shown,
  startNew,
} from "../store/history.ts";
import { fromJson, toJson, toMarkdown } from "../store/transfer.ts";
import { t, type Word } from "../words.ts";
import { focusComposer } from "./composer.tsx";
import { Icon, IconButton, type IconName } from "./icons.tsx";
import { dialog, drawer, say } from "./view_state.ts";

function saveFile(name: string, type: string, text: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

// A file name from a title: letters and digits of any language.
function fileName(title: string): string {
  return (
    title
      .replace(/[^\p{L}\p{N}]+/gu, "-")
      .replace(/^-|-$/g, "")
      .slice(0, 50)
      .toLowerCase() || "conversation"
  );
}

export function exportAll(): void {
  saveFile("r1-conversations.json", "application/json", toJson(conversations.value));
}

export async function importFile(file: File): Promise<void> {
  try {
    const added = fromJson(await file.text());
    addConversations(added, newId);
    say(t("imported", { n: added.length }));
  } catch (error) {
    say(t("importFailed", { reason: (error as Error).message }));
  }
}

interface Entry {
  word: Word;
  icon: IconName;
  act: () => void;
}

// A menu in the top layer, beside its button; arrow keys move in it.
function Menu({ title, entries }: { title: string; entries: Entry[] }) {
  const open = useSignal(false);
  const button = useRef<HTMLButtonElement>(null);
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!open.value) return;
    const place = button.current!.getBoundingClientRect();
    const { style, offsetHeight, offsetWidth } = list.current!;
    style.top = `${Math.min(place.bottom + 4, innerHeight - offsetHeight - 8)}px`;
    style.left = `${Math.max(8, Math.min(place.left, innerWidth - offsetWidth - 8))}px`;
    list.current!.querySelector("button")!.focus();
    const leave = (event: Event) => {
      if (!list.current?.contains(event.target as Node) && !button.current?.contains(event.target as Node))
        open.value = false;
    };
    addEventListener("pointerdown", leave);
    return () => removeEventListener("pointerdown", leave);
  }, [open.value]);
  const close = () => {
    open.value = false;
    button.current!.focus();
  };
  const keyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape") {
      event.stopPropagation();
      close();
    } else if (event.key === "Tab") {
      open.value = false;
    } else if (step) {
      event.preventDefault();
      const items = [...list.current!.querySelectorAll("button")];
      const at = items.indexOf(document.activeElement as HTMLButtonElement);
      items[(at + step + items.length) % items.length]!.focus();
    }
  };
  return (
    <>
      <button
        ref={button}
        type="button"
        class="quiet icon-button entry-menu"
        aria-haspopup="menu"
        aria-expanded={open.value}
        aria-label={t("more", { title })}
        onClick={() => (open.value = !open.value)}
      >
        <Icon name="more" />
      </button>
      {open.value && (
        <div ref={list} class="menu" role="menu" onKeyDown={keyDown}>
          {entries.map(({ word, icon, act }) => (
            <button
              key={word}
              type="button"
              role="menuitem"
              class={word === "delete" ? "danger" : ""}
              onClick={() => {
                close();
                act();
              }}
            >
              <Icon name={icon} />
              {t(word)}
            </button>
          ))}
        </div>
      )}
    </>
  );
}

function Row({ conversation }: { conversation: Conversation }) {
  revision.value;
  const renaming = useSignal(false);
  const title = conversation.title || t("conversation");
  if (renaming.value) {
    const finish = (value: string | null) => {
      renaming.value = false;
      if (!value?.trim()) return;
      conversation.title = value.trim().slice(0, 200);
      changed(conversation);
    };
    return (
      <li class="entry">
        <input
          class="rename"
          aria-label={t("rename")}
          value={conversation.title}
          ref={(field) => field?.focus()}
          onBlur={(event) => renaming.value && finish(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.isComposing) return;
            if (event.key === "Enter") finish(event.currentTarget.value);
            if (event.key === "Escape") {
              event.stopPropagation();
              finish(null);
            }
          }}
        />
      </li>
    );
  }
  const words = { user: t("you"), model: "r1", thinking: t("think") };
  const entries: Entry[] = [
    { word: "rename", icon: "edit", act: () => (renaming.value = true) },
    {
      word: "exportMarkdown",
      icon: "download",
      act: () => saveFile(`${fileName(title)}.md`, "text/markdown", toMarkdown(conversation, words)),
    },
    {
      word: "exportJson",
      icon: "download",
      act: () => saveFile(`${fileName(title)}.json`, "application/json", toJson([conversation])),
    },
    {
      word: "delete",
      icon: "trash",
      act: () => {
        const run = runs.peek().get(conversation.id);
        if (run) stopRun(run);
        say(t("deleted"), removeConversation(conversation));
        focusComposer();
      },
    },
  ];
  return (
    <li class={`entry ${shown.value === conversation ? "current" : ""}`}>
      <button
        type="button"
        class="entry-title"
        aria-current={shown.value === conversation ? "page" : undefined}
        title={title}
        onClick={() => {
          show(conversation.id);
          drawer.value = false;
        }}
      >
        {runs.value.has(conversation.id) && <span class="pulse" aria-hidden="true" />}
        <span class="entry-text">{title}</span>
      </button>
      <Menu title={title} entries={entries} />
    </li>
  );
}

const DAY_MS = 86_400_000;

function groupOf(conversation: Conversation): Word {
  const today = new Date().setHours(0, 0, 0, 0);
  if (conversation.updated >= today) return "today";
  if (conversation.updated >= today - DAY_MS) return "yesterday";
  return conversation.updated >= today - 6 * DAY_MS ? "week" : "earlier";
}

function History({ search }: { search: string }) {
  revision.value;
  const found = conversations.value.filter((c) => matches(c, search));
  if (!found.length) return <p class="empty-list">{t(search ? "nothingFound" : "noHistory")}</p>;
  const groups = Map.groupBy ? Map.groupBy(found, groupOf) : new Map<Word, Conversation[]>([["earlier", found]]);
  return (
    <>
      {[...groups].map(([word, entries]) => (
        <section key={word}>
          <h2>{t(word)}</h2>
          <ul>
            {entries.map((c) => (
              <Row key={c.id} conversation={c} />
            ))}
          </ul>
        </section>
      ))}
    </>
  );
}

export function Sidebar() {
  const search = useSignal("");
  const begin = () => {
    startNew();
    drawer.value = false;
    focusComposer();
  };
  return (
    <nav class="sidebar" aria-label={t("history")}>
      <div class="sidebar-head">
        <span class="wordmark" aria-hidden="true">
          r1
        </span>
        <span class="spring" />
        <IconButton icon="close" class="drawer-close" name={t("closeSidebar")} onClick={() => (drawer.value = false)} />
      </div>
      <button type="button" class="new-chat" onClick={begin}>
        <Icon name="plus" />
        {t("newChat")}
      </button>
      <label class="search">
        <Icon name="search" />
        <input
          id="search"
          type="search"
          placeholder={t("search")}
          aria-label={t("search")}
          value={search.value}
          onInput={(event) => (search.value = event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== "Escape" || !search.value) return;
            event.stopPropagation();
            search.value = "";
          }}
        />
      </label>
      <div class="history" tabIndex={-1}>
        <History search={search.value} />
      </div>
      <div class="sidebar-foot">
        <button type="button" class="quiet" onClick={() => (dialog.value = "preferences")}>
          <Icon name="gear" />
          {t("preferences")}
        </button>
        <IconButton icon="keyboard" name={t("shortcuts")} onClick={() => (dialog.value = "shortcuts")} />
      </div>
    </nav>
  );
}
