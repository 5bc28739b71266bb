import { ArmError, armErrors } from './arm-error.ts';
import type { ArmContext, ArmOperation } from './arm-operation.ts';
import { objectIn } from './hosts/json.ts';
import type { Answer } from './service.ts';
import type { FirewallRule, Server } from './world.ts';

export interface FirewallRulesOptions {
  /** Of servers, for example Microsoft.DBforMySQL/flexibleServers. */
  readonly type: string;
  /** Of one server. */
  readonly path: string;
  readonly apiVersions: readonly string[];
  readonly serverOf: (context: ArmContext, child: string) => Server;
  /** Carries a change out: at once, or behind the answer. */
  readonly change: (context: ArmContext, server: Server, change: () => void) => Answer;
}

const child = 'firewallRules';
const namePattern = /^[A-Za-z0-9_-]{1,128}$/;
const ipv4 = /^(([0-9]|[1-9][0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5])\.){3}([0-9]|[1-9][0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5])$/;

/** The operations on firewall rules, which all providers of databases have alike. */
export function firewallRuleOperations({ type, path, apiVersions, serverOf, change }: FirewallRulesOptions): readonly ArmOperation[] {
  const one = `${path}/${child}/{ruleName}`;
  const action = (verb: string) => `${type}/${child}/${verb}`;
  const find = (context: ArmContext) => {
    const server = serverOf(context, child);
    const asked = context.params['ruleName'] ?? '';
    return { server, name: asked, rule: rulesOf(server).find(({ name }) => name.toLowerCase() === asked.toLowerCase()) };
  };
  return [
    {
      method: 'GET',
      path: `${path}/${child}`,
      action: action('read'),
      apiVersions,
      query: ['$skiptoken'],
      run: (context) => {
        const server = serverOf(context, child);
        return context.page(rulesOf(server).map((rule) => rendered(server, type, rule)));
      },
    },
    {
      method: 'GET',
      path: one,
      action: action('read'),
      apiVersions,
      run: (context) => {
        const { server, rule, name } = find(context);
        if (!rule) throw armErrors.resourceNotFound(type, `${server.name}/${child}/${name}`, context.params['resourceGroup'] ?? '');
        return { status: 200, json: rendered(server, type, rule) };
      },
    },
    {
      method: 'PUT',
      path: one,
      action: action('write'),
      apiVersions,
      run: (context) => {
        const { server, name } = find(context);
        const { startIpAddress, endIpAddress } = objectIn(context.body, 'properties');
        if (!namePattern.test(name))
          throw new ArmError(
            400,
            'InvalidParameterValue',
            `Invalid value given for parameter firewallRuleName. Specify a valid parameter value.`,
          );
        for (const value of [startIpAddress, endIpAddress])
          if (typeof value !== 'string' || !ipv4.test(value))
            throw new ArmError(
              400,
              'InvalidParameterValue',
              'Invalid value given for parameter StartIpAddress or EndIpAddress. Specify a valid parameter value.',
            );
        if (server.network.publicNetworkAccess === 'Disabled')
          throw new ArmError(
            400,
            'FirewallRuleNotAllowed',
            'Firewall rule operations cannot be requested for a server with private access.',
          );
        return change(context, server, () => {
          const effectiveAt = context.clock.now() + (server.firewall?.effectSeconds ?? 0) * 1000;
          const rule: FirewallRule = { name, start: String(startIpAddress), end: String(endIpAddress), effectiveAt };
          const { firewall } = server;
          if (firewall) firewall.rules = [...firewall.rules.filter((each) => each.name.toLowerCase() !== name.toLowerCase()), rule];
        });
      },
    },
    {
      method: 'DELETE',
      path: one,
      action: action('delete'),
      apiVersions,
      run: (context) => {
        const { server, rule } = find(context);
        if (!rule) return { status: 204 };
        return change(context, server, () => {
          const { firewall } = server;
          if (firewall) firewall.rules = firewall.rules.filter((each) => each !== rule);
        });
      },
    },
  ];
}

function rulesOf({ firewall }: Server): readonly FirewallRule[] {
  return firewall?.rules ?? [];
}

function rendered({ resourceId }: Server, type: string, { name, start, end }: FirewallRule) {
  return {
    id: `${resourceId}/${child}/${name}`,
    name,
    type: `${type}/${child}`,
    properties: { startIpAddress: start, endIpAddress: end },
  };
}
