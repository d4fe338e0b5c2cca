// A button that opens a menu beside itself. Arrow keys move in the menu.
import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

export interface MenuItem {
  key: string;
  label: ComponentChildren;
  act: () => void;
  class?: string;
  checked?: boolean; // of a choice; absent: the item does something
}

interface MenuProps {
  name: string;
  class: string;
  items: MenuItem[];
  hint?: string;
  onOpen?: () => void;
  children: ComponentChildren; // what is on the button
}

export function Menu({ name, items, hint, onOpen, children, ...look }: MenuProps) {
  const open = useSignal(false);
  const button = useRef<HTMLButtonElement>(null);
  const list = useRef<HTMLDivElement>(null);
  // Before the browser takes the next key, which is meant for the menu.
  useLayoutEffect(() => {
    if (!open.value) return;
    const place = button.current!.getBoundingClientRect();
    const { style, offsetHeight, offsetWidth } = list.current!;
    const below = place.bottom + 4;
    const fits = below + offsetHeight + 8 <= innerHeight || place.top < offsetHeight + 12;
    style.top = `${fits ? Math.max(8, Math.min(below, innerHeight - offsetHeight - 8)) : place.top - offsetHeight - 4}px`;
    style.left = `${Math.max(8, Math.min(place.left, innerWidth - offsetWidth - 8))}px`;
    (list.current!.querySelector<HTMLElement>("[aria-checked=true]") ?? list.current!.querySelector("button"))!.focus();
    const leave = (event: Event) => {
      if (!list.current?.contains(event.target as Node) && !button.current?.contains(event.target as Node))
        open.value = false;
    };
    const leaveAtOnce = () => (open.value = false);
    addEventListener("pointerdown", leave);
    addEventListener("popstate", leaveAtOnce); // the browser's Back button: the menu may be that of another conversation
    return () => {
      removeEventListener("pointerdown", leave);
      removeEventListener("popstate", leaveAtOnce);
    };
  }, [open.value]);
  const close = () => {
    open.value = false;
    button.current!.focus();
  };
  const keyDown = (event: KeyboardEvent) => {
    const buttons = [...list.current!.querySelectorAll("button")];
    const at = buttons.indexOf(document.activeElement as HTMLButtonElement);
    const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
    if (event.key === "Escape") {
      event.stopPropagation();
      close();
    } else if (event.key === "Tab") {
      close(); // and the focus goes on from the button
    } else if (next !== undefined) {
      event.preventDefault();
      buttons.at(next % buttons.length)!.focus();
    }
  };
  return (
    <>
      <button
        ref={button}
        type="button"
        class={look.class}
        aria-haspopup="menu"
        aria-expanded={open.value}
        aria-label={name}
        title={hint}
        onClick={() => {
          open.value = !open.value;
          if (open.value) onOpen?.();
        }}
      >
        {children}
      </button>
      {open.value && (
        <div ref={list} class="menu" role="menu" aria-label={name} onKeyDown={keyDown}>
          {items.map((item) => (
            <button
              key={item.key}
              type="button"
              role={item.checked === undefined ? "menuitem" : "menuitemradio"}
              aria-checked={item.checked}
              tabIndex={-1}
              class={item.class}
              onClick={() => {
                close();
                item.act();
              }}
            >
              {item.label}
            </button>
          ))}
        </div>
      )}
    </>
  );
}
