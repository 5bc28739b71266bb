import { SqlError } from './sql-error.ts';

const fatal = { severity: 14, reach: 'session' } as const;
const principal = '<token-identified principal>';

/** Refusals of a login: https://learn.microsoft.com/azure/azure-sql/database/troubleshoot-common-errors-issues */
export const loginErrors = {
  unknownPrincipal: () => new SqlError(18456, `Login failed for user '${principal}'.`, fatal),
  passwordRefused: (user: string) =>
    new SqlError(
      18456,
      `Login failed for user '${user}'. Reason: Azure Active Directory only authentication is enabled. Please contact your system administrator.`,
      fatal,
    ),
  expiredToken: () => new SqlError(18456, `Login failed for user '${principal}'. Token is expired.`, fatal),
  noDatabase: (database: string) =>
    new SqlError(4060, `Cannot open database "${database}" requested by the login. The login failed.`, { severity: 11, reach: 'session' }),
  paused: (database: string, server: string, tracingId: string) =>
    new SqlError(
      40613,
      `Database '${database}' on server '${server}' is not currently available.  Please retry the connection later.  If the problem persists, contact customer support, and provide them the session tracing ID of '${tracingId}'.`,
      { severity: 17, reach: 'session' },
    ),
  firewall: (server: string, address: string) =>
    new SqlError(
      40615,
      `Cannot open server '${server}' requested by the login. Client with IP address '${address}' is not allowed to access the server.  To enable access, use the Azure Management Portal or run sp_set_firewall_rule on the master database to create a firewall rule for this IP address or address range.  It may take up to five minutes for this change to take effect.`,
      fatal,
    ),
  noNetworkRule: (server: string) =>
    new SqlError(40914, `Cannot open server '${server}' requested by the login. Client is not allowed to access the server.`, fatal),
  publicAccessDenied: () =>
    new SqlError(
      47073,
      'Connection was denied because Deny Public Network Access is set to Yes (https://docs.microsoft.com/azure/azure-sql/database/connectivity-settings#deny-public-network-access). To connect to this server, use the Private Endpoint from inside your virtual network (https://docs.microsoft.com/azure/sql-database/sql-database-private-endpoint-overview#how-to-set-up-private-link-for-azure-sql-database).',
      fatal,
    ),
};
