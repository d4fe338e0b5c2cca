// What a person chose for the page, not for a conversation. Kept in localStorage.
import { effect, signal } from "@preact/signals";

export interface Preferences {
  theme: "system" | "light" | "dark";
  language: "auto" | "en" | "zh";
  sidebar: boolean; // on wide windows
}

const KEY = "r1.preferences";
const standard: Preferences = { theme: "system", language: "auto", sidebar: true };

function stored(): Preferences {
  try {
    const given = JSON.parse(localStorage.getItem(KEY) ?? "{}") as Partial<Preferences>;
    return {
      theme: ["system", "light", "dark"].includes(given.theme!) ? given.theme! : standard.theme,
      language: ["auto", "en", "zh"].includes(given.language!) ? given.language! : standard.language,
      sidebar: given.sidebar !== false,
    };
  } catch {
    return standard;
  }
}

export const preferences = signal<Preferences>(stored());

export function prefer(change: Partial<Preferences>): void {
  preferences.value = { ...preferences.value, ...change };
  localStorage.setItem(KEY, JSON.stringify(preferences.value));
}

// Sets the theme on the root element, now and whenever the choice or the system's theme changes.
export function followTheme(): void {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const apply = () => {
    const { theme } = preferences.value;
    document.documentElement.dataset["theme"] = theme === "system" ? (system.matches ? "dark" : "light") : theme;
  };
  effect(apply);
  system.addEventListener("change", apply);
}
