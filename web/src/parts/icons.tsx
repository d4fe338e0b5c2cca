// Line icons on a grid of 20, drawn for the page, and the button that shows one. An icon is decoration: the button
// carries the name.
const paths = {
  plus: "M10 4v12M4 10h12",
  search: "M9 3.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11ZM13 13l4 4",
  sidebar: "M3.5 4.5h13v11h-13zM8 4.5v11",
  more: "M5 10h.01M10 10h.01M15 10h.01",
  send: "M10 16V4.5M5 9.5l5-5 5 5",
  stop: "M6.5 6.5h7v7h-7z",
  copy: "M7.5 7.5h8v8h-8zM12.5 7.5v-3h-8v8h3",
  check: "M4.5 10.5l3.5 3.5 7.5-8",
  edit: "M4 16l.8-3.2L13 4.6l2.4 2.4-8.2 8.2L4 16ZM11.5 6.1l2.4 2.4",
  again: "M15.5 10a5.5 5.5 0 1 1-1.6-3.9M15.8 3.5v3.2h-3.2",
  left: "M12 5l-5 5 5 5",
  right: "M8 5l5 5-5 5",
  fold: "M6 8l4 4 4-4",
  votes: "M4.5 15.5v-3.5M10 15.5v-11M15.5 15.5v-7",
  down: "M10 4v11.5M5 10.5l5 5 5-5",
  sliders: "M4 6.5h6M14 6.5h2M4 13.5h2M10 13.5h6M12 4.5v4M8 11.5v4",
  gear:
    "M10 7.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6ZM10 2.8v2M10 15.2v2M2.8 10h2M15.2 10h2M4.9 4.9l1.4 1.4M13.7 13.7" +
    "l1.4 1.4M4.9 15.1l1.4-1.4M13.7 6.3l1.4-1.4",
  close: "M5 5l10 10M15 5L5 15",
  think: "M10 3.2a5 5 0 0 0-2.8 9.1v1.9h5.6v-1.9A5 5 0 0 0 10 3.2ZM8 16.8h4",
  keyboard: "M2.5 5.5h15v9h-15zM5.5 8.5h.01M8.5 8.5h.01M11.5 8.5h.01M14.5 8.5h.01M6.5 11.7h7",
  download: "M10 3.5v9M6 9l4 4 4-4M4 16.5h12",
  upload: "M10 13V4M6 7.5l4-4 4 4M4 16.5h12",
  trash: "M4 5.5h12M8 5.5v-2h4v2M5.5 5.5l.7 11h7.6l.7-11",
};

export type IconName = keyof typeof paths;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 20 20" aria-hidden="true">
      <path d={paths[name]} />
    </svg>
  );
}

export function IconButton(props: {
  icon: IconName;
  name: string;
  onClick: () => void;
  disabled?: boolean;
  class?: string;
}) {
  return (
    <button
      type="button"
      class={`quiet icon-button ${props.class ?? ""}`}
      title={props.name}
      aria-label={props.name}
      disabled={props.disabled}
      onClick={props.onClick}
    >
      <Icon name={props.icon} />
    </button>
  );
}
