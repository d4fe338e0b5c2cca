// How much of the model's context a conversation fills.
import { modelOf } from "../chat/models.ts";
import { runOf, tick } from "../chat/run.ts";
import { branchOf, type Conversation } from "../store/conversation.ts";
import { revision } from "../store/history.ts";
import { formatCount, t } from "../words.ts";

interface ContextUse {
  used: number;
  total: number;
  percent: number;
}

// What the next question would find in the context: the thinking of finished answers is left out. Of
// answers of which one was chosen only the tokens of all together are known, so theirs counts as the average.
export function contextUse(conversation: Conversation): ContextUse | null {
  revision.value;
  const total = modelOf(conversation)?.context_length ?? 0;
  if (!total) return null;
  const run = runOf(conversation);
  let used = 0;
  if (run) {
    tick.value;
    used = run.stream.promptTokens + run.stream.thinkingTokens + run.stream.answerTokens;
  } else {
    const last = branchOf(conversation).findLast((m) => m.figures);
    if (last?.figures) {
      const { promptTokens, answerTokens, thinkingTokens } = last.figures;
      used = promptTokens + Math.round((answerTokens - thinkingTokens) / (last.votes?.cast.length ?? 1));
    }
  }
  return { used, total, percent: Math.min(100, Math.round((100 * used) / total)) };
}

export function ContextGauge({ conversation }: { conversation: Conversation }) {
  const use = contextUse(conversation);
  if (!use || !use.used) return null;
  const label = t("context", { used: formatCount(use.used), total: formatCount(use.total), percent: use.percent });
  return (
    <div
      class={`gauge ${use.percent >= 80 ? "full" : ""}`}
      role="meter"
      aria-valuemin={0}
      aria-valuemax={use.total}
      aria-valuenow={use.used}
      aria-valuetext={label}
      aria-label={label}
      title={label}
    >
      <svg viewBox="0 0 20 20" aria-hidden="true">
        <circle class="gauge-ring" cx="10" cy="10" r="7.5" />
        <circle class="gauge-arc" cx="10" cy="10" r="7.5" pathLength="100" stroke-dasharray={`${use.percent} 100`} />
      </svg>
      <span>{use.percent} %</span>
    </div>
  );
}
