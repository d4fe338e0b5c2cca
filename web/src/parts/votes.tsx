// Several answers to one question: how many a conversation asks for, and what was drawn beside the one that is shown.
import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";
import type { Conversation } from "../store/conversation.ts";
import { changed, revision } from "../store/history.ts";
import { type Group, tally, type Votes } from "../store/votes.ts";
import { t } from "../words.ts";
import { Icon } from "./icons.tsx";
import { Markdown } from "./markdown.tsx";
import { Menu } from "./menu.tsx";

const COUNTS = [1, 3, 5, 8];

export function VotesSwitch({ conversation }: { conversation: Conversation }) {
  revision.value;
  const current = conversation.votes ?? 1;
  const items = COUNTS.map((count) => ({
    key: String(count),
    checked: count === current,
    class: "choice-item",
    label: t(count === 1 ? "oneAnswer" : "majorityOf", { n: count }),
    act: () => {
      conversation.votes = count;
      void changed(conversation);
    },
  }));
  return (
    <Menu
      name={t("votesNamed", { n: current })}
      hint={t("votesHint")}
      class={`chip ${current > 1 ? "active" : ""}`}
      items={items}
    >
      <Icon name="votes" />
      <span class="chip-text">{t("votesNamed", { n: current })}</span>
      <span class="chip-count" aria-hidden="true">
        {current}
      </span>
    </Menu>
  );
}

// What is folded is drawn when it is opened first.
function Fold({ title, children }: { title: ComponentChildren; children: () => ComponentChildren }) {
  const opened = useSignal(false);
  return (
    <details class="fold" onToggle={(event) => (opened.value ||= event.currentTarget.open)}>
      <summary>
        <Icon name="right" />
        {title}
      </summary>
      {opened.value && <div class="fold-body">{children()}</div>}
    </details>
  );
}

function GroupView({ votes, group }: { votes: Votes; group: Group }) {
  const percent = Math.round((100 * group.members.length) / votes.cast.length);
  return (
    <li class="vote-group">
      <div class="vote-head">
        <span class={group.answer === null ? "vote-none" : "vote-answer"}>{group.answer ?? t("noVote")}</span>
        <progress value={group.members.length} max={votes.cast.length} aria-hidden="true" />
        <span class="vote-share">{percent} %</span>
      </div>
      {group.members.map((i) => {
        const { content, thinking } = votes.cast[i]!;
        const name = t("answerNumber", { n: i + 1 }) + (i === votes.winner ? ` (${t("shownAbove")})` : "");
        return (
          <Fold key={i} title={name}>
            {() => (
              <>
                {thinking && (
                  <Fold title={t("thinkingOfAnswer")}>{() => <Markdown text={thinking} growing={false} />}</Fold>
                )}
                <Markdown text={content} growing={false} />
              </>
            )}
          </Fold>
        );
      })}
    </li>
  );
}

export function VotesView({ votes }: { votes: Votes }) {
  const open = useSignal(false);
  const id = useId();
  const groups = tally(votes);
  const agreeing = groups.find((g) => g.members.includes(votes.winner))?.members.length ?? 0;
  const text =
    votes.cast[votes.winner]?.answer === null
      ? t("noneAgree", { total: votes.cast.length })
      : t("agree", { n: agreeing, total: votes.cast.length });
  return (
    <section class={`votes ${open.value ? "open" : ""}`}>
      <button
        type="button"
        class="thinking-head"
        aria-expanded={open.value}
        aria-controls={id}
        onClick={() => (open.value = !open.value)}
      >
        <Icon name="right" />
        {text}
      </button>
      <ul id={id} class="vote-groups" hidden={!open.value}>
        {open.value && groups.map((group) => <GroupView key={group.members[0]} votes={votes} group={group} />)}
      </ul>
    </section>
  );
}
