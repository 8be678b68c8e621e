// What vega-interpreter.js imports by name, handed on from vega.min.js.
export const { ascending, isString, DisallowedObjectProperties } =
  globalThis.vega;
