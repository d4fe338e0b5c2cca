import "katex/dist/katex.min.css";
import "./style.css";
import { render } from "preact";
import { resumeUnfinished, saveRunsWithPage } from "./chat/generate.ts";
import { runs } from "./chat/run.ts";
import { connect } from "./chat/server_state.ts";
import { App } from "./parts/app.tsx";
import { takeDroppedFiles } from "./parts/drop.ts";
import { warmUp } from "./markdown/render.ts";
import { load } from "./store/history.ts";
import { followTheme } from "./store/preferences.ts";

followTheme();
saveRunsWithPage();
takeDroppedFiles();
void load((id) => runs.peek().has(id)).then(() => {
  render(<App />, document.body);
  resumeUnfinished();
  void connect();
  warmUp();
});
