// @ts-check
/** The organiser's page: links, what is signed, the questions' rules and export, who is here and whose names are kept, what runs, and the conference's facts. */

import { find } from "../lib/dom.js";
import { openDesk } from "./desk.js";
import { exports } from "./exports.js";
import { facts, health } from "./health.js";
import { here } from "./here.js";
import { lines } from "./lines.js";
import { links } from "./links.js";
import { names } from "./names.js";
import { processes, risks } from "./processes.js";
import { projects } from "./projects.js";
import { rules } from "./rules.js";

const page = await openDesk(["organiser"]);
links(find(document, "[data-links]"), page);
risks(find(document, "[data-risks]"), page);
health(find(document, "[data-health]"), page);
processes(find(document, "[data-processes]"), page);
lines(find(document, "[data-lines]"), page);
here(find(document, "[data-here]"), page);
names(find(document, "[data-names]"), page);
projects(find(document, "[data-projects]"), page);
rules(find(document, "[data-rules]"), page);
exports(find(document, "[data-exports]"), page);
facts(find(document, "[data-facts]"), page);
