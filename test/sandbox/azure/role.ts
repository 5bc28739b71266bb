import role from '../../../deploy/azure-role.json' with { type: 'json' };

/** The actions of the role that deploy/ gives the operator: nothing else is granted in the sandbox. */
export const roleActions: readonly string[] = role.Actions;
