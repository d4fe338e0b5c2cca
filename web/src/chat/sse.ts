// Server-sent events: the data and the number of each event from a stream of text that is cut anywhere.
export interface SseEvent {
  data: string;
  id: string; // empty: the stream does not number its events
}

export class SseParser {
  private rest = "";

  push(text: string): SseEvent[] {
    this.rest += text;
    const events: SseEvent[] = [];
    for (;;) {
      const end = /\r?\n\r?\n/.exec(this.rest);
      if (!end) return events;
      const lines = this.rest.slice(0, end.index).split(/\r?\n/);
      const values = (name: string) =>
        lines
          .filter((line) => line.startsWith(`${name}:`))
          .map((line) => line.slice(name.length + 1).replace(/^ /, ""));
      const data = values("data");
      if (data.length) events.push({ data: data.join("\n"), id: values("id").at(-1) ?? "" });
      this.rest = this.rest.slice(end.index + end[0].length);
    }
  }
}
