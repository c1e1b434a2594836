// Cedar on a policy equal to that of src/writ/authority/policy/policy_bench.cc. CEDAR_WASM is the folder of the package
// @cedar-policy/cedar-wasm, installed anywhere outside of the repository:  CEDAR_WASM=... node bench/peers/cedar.mjs
import { createRequire } from 'node:module';
import process from 'node:process';

const cedar = createRequire(import.meta.url)(process.env.CEDAR_WASM + '/nodejs');

const policyOf = (rules) => {
  let text = 'permit (principal, action, resource);\n';
  for (let i = 0; i < rules; ++i)
    text += i % 2 === 0
      ? `forbid (principal, action == Action::"state.write", resource) when { context.resource like "tenant${i}/*" }` +
        ` unless { context.size <= ${(100 + i) * 1000} };\n`
      : `forbid (principal, action == Action::"state.read", resource) when { context.resource like "tenant${i}/secret/*" }` +
        ` unless { context.name == "t${i}" };\n`;
  return text;
};

for (const rules of [3, 20, 200, 2000]) {
  const id = 'p' + rules;
  const parsed = cedar.preparsePolicySet(id, { staticPolicies: policyOf(rules) });
  if (parsed.type !== 'success') throw new Error(JSON.stringify(parsed));
  const call = (action, resource) => ({
    principal: { type: 'Task', id: 'job' }, action: { type: 'Action', id: action }, resource: { type: 'Object', id: resource },
    context: { resource, size: 4096, name: 'job' }, preparsedPolicySetId: id, validateRequest: false, entities: [],
  });
  for (const [name, request] of [['read', call('state.read', 'tenant1/orders/2026')], ['write', call('state.write', 'tenant0/orders/2026')]]) {
    const times = [];
    const end = process.cpuUsage().user + 2e6;
    while (times.length < 20 || (times.length < 3000 && process.cpuUsage().user < end)) {
      const begin = process.cpuUsage();
      const batch = rules > 200 ? 1 : 10;
      for (let i = 0; i < batch; ++i) {
        const answer = cedar.statefulIsAuthorized(request);
        if (answer.type !== 'success' || answer.response.decision !== 'allow') throw new Error(JSON.stringify(answer));
      }
      const used = process.cpuUsage(begin);
      times.push((used.user + used.system) / batch);
    }
    const mean = times.reduce((a, b) => a + b) / times.length;
    console.log(`cedar ${name} ${rules} rules: ${(mean * 1000).toFixed(0)} ns CPU, mean of ${times.length}`);
  }
}
