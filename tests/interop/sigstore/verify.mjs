// Verifies a Sigstore bundle with @sigstore/verify and a public key, as a user of theirs would.
//   node verify.mjs BUNDLE PUBLIC_KEY_PEM HINT
import { readFileSync } from "node:fs";
import { createPublicKey } from "node:crypto";
import { bundleFromJSON } from "@sigstore/bundle";
import { toSignedEntity, Verifier } from "@sigstore/verify";

const [, , bundleFile, keyFile, hint] = process.argv;
try {
  const bundle = bundleFromJSON(JSON.parse(readFileSync(bundleFile, "utf8")));
  const key = createPublicKey(readFileSync(keyFile, "utf8"));
  const trust = {
    certificateAuthorities: [], timestampAuthorities: [], tlogs: [], ctlogs: [],
    publicKey: (asked) => {
      if (asked !== hint) throw new Error(`no key for ${asked}`);
      return { publicKey: key, validFor: () => true };
    },
  };
  const verifier = new Verifier(trust, { tlogThreshold: 0, ctlogThreshold: 0, tsaThreshold: 0, timestampThreshold: 0 });
  verifier.verify(toSignedEntity(bundle));
  const statement = JSON.parse(bundle.content.dsseEnvelope.payload.toString("utf8"));
  console.log(`verified ${statement.predicate.runDetails.invocationId}`);
} catch (error) {
  console.log(`refused: ${error.code ?? ""} ${error.message}`);
  process.exit(1);
}
