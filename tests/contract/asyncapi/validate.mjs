// Reads an AsyncAPI document with the AsyncAPI parser, prints what is wrong with it, and ends with 1 if anything is.
import { Parser, fromFile } from "@asyncapi/parser";

const SEVERITIES = ["Error", "Warning", "Information", "Hint"];

const [path] = process.argv.slice(2);
const { document, diagnostics } = await fromFile(new Parser(), path).parse();
for (const one of diagnostics) {
  console.log(`${SEVERITIES[one.severity]} ${one.path.join(".")}: ${one.message} (${one.code})`);
}
const wrong = diagnostics.filter((one) => one.severity < SEVERITIES.indexOf("Hint"));
if (document) {
  const counts = [document.channels(), document.operations(), document.components().messages()].map((all) => all.length);
  console.log(JSON.stringify({ channels: counts[0], operations: counts[1], messages: counts[2] }));
}
process.exit(document && wrong.length === 0 ? 0 : 1);
