// Judges custom resources by the definitions of those who defined them: `custom-resources FILE.json…`,
// each a resource or an array of them. Ends with 1 if one is wrong, or is of a kind that is not known.
import { readFileSync } from "node:fs";
import * as istio from "@kubernetes-models/istio/networking.istio.io/v1";
import * as prometheus from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1";

const known = { "networking.istio.io/v1": istio, "monitoring.coreos.com/v1": prometheus };
let wrong = 0;
for (const file of process.argv.slice(2)) {
  for (const resource of [JSON.parse(readFileSync(file, "utf8"))].flat()) {
    const name = `${resource.apiVersion}/${resource.kind} ${resource.metadata?.name}`;
    try {
      const Kind = known[resource.apiVersion]?.[resource.kind];
      if (!Kind) throw new Error("there is no such kind");
      new Kind(resource).validate();
      console.log(`${name}: right`);
    } catch (error) {
      wrong += 1;
      console.error(`${name}: ${error.message}`);
    }
  }
}
process.exit(wrong === 0 ? 0 : 1);
