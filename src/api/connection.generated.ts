/* Generated from crds/passwordlessconnections.yaml by "npm run generate". Do not edit. */

import type {ObjectMeta} from './object-meta.ts';

/**
 * PasswordlessConnection lets one workload log in to one Azure database with its own Microsoft Entra identity, without a password. The operator makes the federated credential, the database user, its privileges and the connection settings, repairs them when they drift, and takes the access away when this resource is deleted. Nothing happens unless a ConnectionPolicy allows all of it.
 */
export interface PasswordlessConnection {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
  /**
   * What shall be true.
   */
  spec: {
    /**
     * Who connects. The type never changes after creation.
     */
    workload: {
      /**
       * ServiceAccount is a Kubernetes service account of this namespace, for pods. ContainerApp, WebApp (web and function apps) and SpringApp are the Azure hosts of those names.
       */
      type: 'ServiceAccount' | 'ContainerApp' | 'WebApp' | 'SpringApp';
      /**
       * The service account of the pods. The pods' template also needs the label azure.workload.identity/use "true".
       */
      serviceAccount?: {
        /**
         * Name of the service account, in the namespace of this resource.
         */
        name: string;
        /**
         * Create the service account when it isn't there. Leave it out when a Helm chart creates it; Helm refuses to install over one that it did not make.
         */
        createIfMissing?: boolean;
      };
      /**
       * An Azure Container App.
       */
      containerApp?: {
        /**
         * /subscriptions/<id>/resourceGroups/<group>/providers/Microsoft.App/containerApps/<name>
         */
        resourceId: string;
        /**
         * The containers that get the settings. All of them when left out.
         *
         * @maxItems 32
         */
        containers?: string[];
      };
      /**
       * An App Service web app or function app.
       */
      webApp?: {
        /**
         * /subscriptions/<id>/resourceGroups/<group>/providers/Microsoft.Web/sites/<name>
         */
        resourceId: string;
        /**
         * The deployment slot. The production slot when left out.
         */
        slot?: string;
      };
      /**
       * An app of Azure Spring Apps (retired by Azure in March 2028).
       */
      springApp?: {
        /**
         * /subscriptions/<id>/resourceGroups/<group>/providers/Microsoft.AppPlatform/Spring/<service>/apps/<app>
         */
        resourceId: string;
        /**
         * The deployment. The active one when left out.
         */
        deployment?: string;
      };
    };
    /**
     * The Entra identity with which the workload logs in. It may change: the database user is bound to the new identity in place, and keeps its privileges and what it owns where the engine can do that.
     */
    identity: {
      /**
       * SystemAssigned is the workload's own identity and is switched on if need be. UserAssigned is the usual choice, and the only one without a secret for a ServiceAccount.
       */
      type: 'SystemAssigned' | 'UserAssigned' | 'ServicePrincipal';
      /**
       * A user-assigned managed identity, by resourceId or by clientId and subscriptionId.
       */
      userAssigned?: {
        /**
         * /subscriptions/<id>/resourceGroups/<group>/providers/Microsoft.ManagedIdentity/userAssignedIdentities/<name>. The better way: an identity that is deleted and made again under this name is found and bound again.
         */
        resourceId?: string;
        /**
         * Make the identity where it is missing; only with resourceId, and only where a policy says identities.create Allow.
         */
        create?: {
          /**
           * Azure region, for example westeurope.
           */
          location: string;
        };
        /**
         * The identity's client id, as Service Connector takes it.
         */
        clientId?: string;
        /**
         * The subscription in which to look for the client id.
         */
        subscriptionId?: string;
      };
      /**
       * An app registration's service principal, with a client secret. The one kind of identity with a secret; prefer UserAssigned.
       */
      servicePrincipal?: {
        /**
         * The tenant of the app.
         */
        tenantId: string;
        /**
         * The application (client) id.
         */
        clientId: string;
        /**
         * The object id of the service principal (Enterprise application), not that of the app registration.
         */
        objectId: string;
        /**
         * The Secret of this namespace that holds the client secret.
         */
        clientSecretRef: {
          /**
           * Name of the Secret.
           */
          name: string;
          /**
           * Key in the Secret.
           */
          key: string;
        };
      };
    };
    /**
     * The database. Type, server and database never change after creation.
     */
    target: {
      /**
       * PostgreSQL and MySQL are the Flexible Server services, AzureSQL is Azure SQL Database.
       */
      type: 'PostgreSQL' | 'MySQL' | 'AzureSQL';
      /**
       * The server's resource id, /subscriptions/<id>/resourceGroups/<group>/providers/… The case of its letters doesn't matter.
       */
      serverId: string;
      /**
       * The database's name, exactly as the server has it.
       */
      database: string;
      /**
       * The port written into the settings, for example 6432 for PgBouncer. The engine's own when left out; the operator itself always uses the engine's own.
       */
      port?: number;
    };
    /**
     * The user in the database.
     */
    databaseUser?: {
      /**
       * Name of the database user. When left out it is aad_<namespace>_<name>, shortened with a hash where the engine allows less (MySQL 32 characters, PostgreSQL 63 bytes); status.databaseUser.name shows it. It never changes after creation.
       */
      name?: string;
      /**
       * Take over a user of this name that is already bound to the same identity, for example one that Service Connector made. A user bound to another identity is never taken over.
       */
      adopt?: boolean;
    };
    /**
     * What the user may do. Privileges that leave the spec are revoked, and so are those that somebody adds to this user by hand.
     */
    access: {
      /**
       * ReadOnly reads. ReadWrite also writes rows. ReadWriteDDL also creates and changes tables, for apps that run their own migrations. All is everything in the database, as Service Connector gives it; on Azure SQL that is CONTROL, with which the app can make users of its own. Custom is nothing but grants and roles, and on PostgreSQL what these are of no use without: CONNECT on the database, and USAGE on the schemas whose tables, sequences or functions a grant names.
       */
      profile: 'ReadOnly' | 'ReadWrite' | 'ReadWriteDDL' | 'All' | 'Custom';
      /**
       * The schemas that the profile covers. When left out, public on PostgreSQL and the whole database on Azure SQL. "*" alone means every schema, now and later.
       *
       * @minItems 1
       * @maxItems 32
       */
      schemas?: string[];
      /**
       * Cover tables and sequences that are created later.
       */
      futureObjects?: boolean;
      /**
       * Privileges on top of the profile, or all of them with Custom. A policy must list Custom among its profiles.
       *
       * @maxItems 32
       */
      grants?: {
        /**
         * The kind of object. Table includes views.
         */
        objectType: 'Database' | 'Schema' | 'Table' | 'Sequence' | 'Function';
        /**
         * The schema; not on Database and not on MySQL.
         */
        schema?: string;
        /**
         * Names of the objects; "*" alone means all, now and later.
         *
         * @minItems 1
         * @maxItems 64
         */
        names?: string[];
        /**
         * The engine's own names, in capitals, for example SELECT.
         *
         * @minItems 1
         * @maxItems 20
         */
        privileges: string[];
      }[];
      /**
       * Existing roles of the database that the user shall be a member of. On PostgreSQL it has their rights, but can neither become them nor make others members. A policy must name them.
       *
       * @maxItems 32
       */
      roles?: string[];
      /**
       * All lets the user run every stored routine, also those that run with their definer's rights. None, which holds when left out, adds nothing to what PUBLIC may run.
       */
      routines?: 'None' | 'All';
    };
    /**
     * The connection settings that the workload gets.
     */
    output?: {
      /**
       * The shape of the settings: None, DotNet, Java, SpringBoot, NodeJS, Python, Django, Go, PHP and Ruby are Service Connector's, key for key; ServiceBinding is that of servicebinding.io (type, provider, host, port, database, username, uri).
       */
      clientType?: 'None' | 'DotNet' | 'Java' | 'SpringBoot' | 'NodeJS' | 'Python' | 'Django' | 'Go' | 'PHP' | 'Ruby' | 'ServiceBinding';
      /**
       * The Secret for the settings of a ServiceAccount workload.
       */
      secret?: {
        /**
         * Name of the Secret. That of this resource when left out. A Secret that the operator did not make is never overwritten.
         */
        name?: string;
      };
      /**
       * Take over a Secret, or settings of the app, that are there already under these names, for example Service Connector's. Without it they are left alone and the condition says so.
       */
      adopt?: boolean;
      /**
       * Put instead of AZURE_POSTGRESQL, AZURE_MYSQL or AZURE_SQL, so that one workload can have several connections.
       */
      prefix?: string;
      /**
       * New names for settings, by the name they have after prefix. Values stay.
       */
      rename?: {
        [k: string]: string;
      };
      /**
       * Further settings, by name. In a value ${host}, ${port}, ${database}, ${username}, ${clientId} and ${tenantId} are replaced, for example DATABASE_URL "postgresql://${username}@${host}:${port}/${database}?sslmode=verify-full".
       */
      extra?: {
        [k: string]: string;
      };
    };
    /**
     * Enforce makes it so. Report changes nothing and shows in status.plan what Enforce would do. Losing the policy, and deletion, end the access in either mode.
     */
    mode?: 'Enforce' | 'Report';
    /**
     * Stop looking after this resource for a while. Losing the policy, and deletion, end the access all the same.
     */
    suspend?: boolean;
    /**
     * What becomes of the database user when this resource is deleted. Delete ends its sessions and drops it; a user that owns objects becomes a locked, renamed shell that keeps owning them, so that nothing is lost and nobody inherits its code. Disable takes away its login and its sessions and keeps the rest, so that the same resource, made again, goes on where it was. Retain leaves it as it is, with its access; a policy must allow that.
     */
    deletionPolicy?: 'Delete' | 'Disable' | 'Retain';
  };
  /**
   * What is true. It can be made anew from the world at any time; nothing is remembered only here.
   */
  status?: {
    /**
     * The generation that Ready or Stalled speaks of.
     */
    observedGeneration?: number;
    /**
     * The ConnectionPolicy that allows this connection.
     */
    policy?: string;
    /**
     * When the access will be taken away, after the policy that allowed it went.
     */
    accessEndsAt?: string;
    /**
     * The workload in short, for example ServiceAccount/orders.
     */
    workload?: string;
    /**
     * The identity as found.
     */
    identity?: {
      /**
       * Object id of its service principal.
       */
      principalId?: string;
      /**
       * Client id.
       */
      clientId?: string;
      /**
       * Its tenant.
       */
      tenantId?: string;
      /**
       * Its resource id.
       */
      resourceId?: string;
    };
    /**
     * Where the workload connects.
     */
    server?: {
      /**
       * The server's full name.
       */
      host?: string;
      /**
       * The port.
       */
      port?: number;
    };
    /**
     * The user in the database.
     */
    databaseUser?: {
      /**
       * Its name.
       */
      name?: string;
      /**
       * Whether the operator made it, as the mark in the database says.
       */
      created?: boolean;
    };
    /**
     * The Secret with the settings, as servicebinding.io defines it.
     */
    binding?: {
      /**
       * Name of the Secret.
       */
      name?: string;
    };
    /**
     * What is to be done, in Report mode or while not in sync.
     */
    plan?: {
      /**
       * Number of steps.
       */
      total?: number;
      /**
       * The first of them.
       *
       * @maxItems 50
       */
      steps?: {
        /**
         * Kind of step, for example grant.
         */
        kind: string;
        /**
         * The step in one line, as log, Event and CLI show it: the SQL statement or ARM call.
         */
        summary: string;
      }[];
    };
    /**
     * The last value of the annotation dbaccess.dev/requestedAt that was acted on.
     */
    lastHandledReconcileAt?: string;
    /**
     * Ready, and while they are true Reconciling, Stalled and Drifted; then one for each stage.
     *
     * @maxItems 16
     */
    conditions?: {
      /**
       * Name of the condition.
       */
      type: string;
      /**
       * True, False or Unknown.
       */
      status: 'True' | 'False' | 'Unknown';
      /**
       * The generation that it speaks of.
       */
      observedGeneration?: number;
      /**
       * When the status last changed.
       */
      lastTransitionTime: string;
      /**
       * One word for programs.
       */
      reason: string;
      /**
       * A sentence for people.
       */
      message: string;
    }[];
  };
}
