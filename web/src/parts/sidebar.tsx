// The history: search, and each conversation with its menu.
import { useSignal } from "@preact/signals";
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
import { Menu, type MenuItem } from "./menu.tsx";
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
  const entry = (word: Word, icon: IconName, act: () => void): MenuItem => ({
    key: word,
    label: (
      <>
        <Icon name={icon} />
        {t(word)}
      </>
    ),
    act,
  });
  const entries = [
    entry("rename", "edit", () => (renaming.value = true)),
    entry("exportMarkdown", "download", () =>
      saveFile(`${fileName(title)}.md`, "text/markdown", toMarkdown(conversation, words)),
    ),
    entry("exportJson", "download", () =>
      saveFile(`${fileName(title)}.json`, "application/json", toJson([conversation])),
    ),
    {
      ...entry("delete", "trash", () => {
        const run = runs.peek().get(conversation.id);
        if (run) stopRun(run);
        say(t("deleted"), removeConversation(conversation));
        focusComposer();
      }),
      class: "danger",
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
      <Menu name={t("more", { title })} class="quiet icon-button entry-menu" items={entries}>
        <Icon name="more" />
      </Menu>
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
