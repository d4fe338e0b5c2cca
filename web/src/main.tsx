import "katex/dist/katex.min.css";
import "./style.css";
import { render } from "preact";
import { endRunsWithPage, runs } from "./chat/generate.ts";
import { connect } from "./chat/server_state.ts";
import { App } from "./parts/app.tsx";
import { load } from "./store/history.ts";
import { followTheme } from "./store/preferences.ts";

followTheme();
endRunsWithPage();
void load((id) => runs.peek().has(id)).then(() => {
  render(<App />, document.body);
  void connect();
});
