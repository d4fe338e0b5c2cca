// Server-sent events: the data of each event from a stream of text that is cut anywhere.
export class SseParser {
  private rest = "";

  push(text: string): string[] {
    this.rest += text;
    const events: string[] = [];
    for (;;) {
      const end = /\r?\n\r?\n/.exec(this.rest);
      if (!end) return events;
      const data = this.rest
        .slice(0, end.index)
        .split(/\r?\n/)
        .filter((line) => line.startsWith("data:"))
        .map((line) => line.slice(line[5] === " " ? 6 : 5));
      if (data.length) events.push(data.join("\n"));
      this.rest = this.rest.slice(end.index + end[0].length);
    }
  }
}
