// Which of the server's models a conversation asks. There is nothing to pick from one.
import type { ModelEntry } from "../chat/api.ts";
import { modelOf, models, readModels } from "../chat/models.ts";
import type { Conversation } from "../store/conversation.ts";
import { changed, revision } from "../store/history.ts";
import { t } from "../words.ts";
import { Icon } from "./icons.tsx";
import { Menu } from "./menu.tsx";

function stateOf(model: ModelEntry): string {
  if (model.status !== "loading") return model.status ? t(model.status) : "";
  return t("loadingState", { percent: Math.round(100 * (model.progress ?? 0)) });
}

export function ModelPicker({ conversation }: { conversation: Conversation }) {
  revision.value;
  const current = modelOf(conversation);
  if (models.value.length < 2 || !current) return null;
  const isLoading = current.status === "loading";
  const items = models.value.map((model) => ({
    key: model.id,
    checked: model === current,
    class: "choice-item",
    label: (
      <>
        <span class="model-name">{model.id}</span>
        <span class="item-state">{stateOf(model)}</span>
      </>
    ),
    act: () => {
      conversation.model = model.id;
      void changed(conversation);
    },
  }));
  return (
    <Menu
      name={t("modelNamed", { model: current.id }) + (isLoading ? `, ${stateOf(current)}` : "")}
      hint={current.id}
      class="chip picker"
      items={items}
      onOpen={() => void readModels().catch(() => {})}
    >
      <span class="model-name">{current.id}</span>
      {isLoading && <span class="item-state">{stateOf(current)}</span>}
      <Icon name="fold" />
    </Menu>
  );
}
