// Updates the contacts that come as JSON, in batches as jsforce documents it for more than 200; prints how long it took.
import { createRequire } from "node:module";
import { text } from "node:stream/consumers";

const jsforce = createRequire(`${process.env.JSFORCE_HOME}/`)("jsforce");
const { ORG: instanceUrl, TOKEN: accessToken } = process.env;
const connection = new jsforce.Connection({ instanceUrl, accessToken, version: "62.0" });
const contacts = JSON.parse(await text(process.stdin));

const began = performance.now();
const computed = process.cpuUsage();
const answers = await connection.sobject("Contact").update(contacts, { allowRecursive: true });
const seconds = (performance.now() - began) / 1000;
const { user, system } = process.cpuUsage(computed);
if (!answers.every((answer) => answer.success)) throw new Error("not all contacts were updated");
console.log(JSON.stringify({ seconds, cpu: (user + system) / 1e6 }));
