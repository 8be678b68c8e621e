// Runs a Vega specification with some signals set; prints what it shows.
import { readFileSync } from "node:fs";

await import("../../assets/vendor/vega.min.js");
const { expressionInterpreter } = await import("../../assets/vendor/vega-interpreter.js");
const spec = JSON.parse(readFileSync(process.argv[2], "utf8"));
const vega = globalThis.vega;
const view = new vega.View(vega.parse(spec, null, { ast: true }),
  { expr: expressionInterpreter, renderer: "none", logLevel: vega.Error });
for (const [name, value] of Object.entries(JSON.parse(process.argv[3]))) view.signal(name, value);
await view.runAsync();
console.log(JSON.stringify({ announce: view.signal("announce"), svg: await view.toSVG() }));
