// Runs a Vega specification with some signals set; prints what it shows.
import { readFileSync } from "node:fs";
import { controlsOf, unbound } from "../assets/explorable.js";

await import("../assets/vendor/vega.min.js");
const { expressionInterpreter } = await import(
  "../assets/vendor/vega-interpreter.js");
const spec = JSON.parse(readFileSync(process.argv[2], "utf8"));
const values = JSON.parse(process.argv[3]);
const vega = globalThis.vega;
const view = new vega.View(vega.parse(unbound(spec), null, { ast: true }),
  { expr: expressionInterpreter, renderer: "none", logLevel: vega.Error });
for (const { name } of controlsOf(spec)) view.signal(name, values[name]);
await view.runAsync();
console.log(JSON.stringify({
  announce: view.signal("announce"), svg: await view.toSVG() }));
