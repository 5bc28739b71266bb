/** Names that users, other controllers and our own later versions rely on. None of them may change. */

export const group = 'dbaccess.dev';
export const version = 'v1alpha1';
export const apiVersion = `${group}/${version}`;

/** Holds a connection until its access has ended. */
export const finalizer = 'dbaccess.dev/cleanup';

/** Annotation: a new value asks for a reconcile now, at most one in 30 s. */
export const requestedAtAnnotation = 'dbaccess.dev/requestedAt';

/** Annotation: "true" lets a deleted connection go whose server can't be reached, where a policy allows that. */
export const abandonAnnotation = 'dbaccess.dev/abandon';

/** Annotation of a ConnectionPolicy: "true" lets withdrawals and the ends of orphans go on that were stopped because they were too many at once. */
export const releaseWithdrawalsAnnotation = 'dbaccess.dev/releaseWithdrawals';

/** Label and annotation on what we make in Kubernetes; they are for people, the owner reference is the mark. */
export const connectionLabel = 'dbaccess.dev/connection';
export const managedByLabel = 'app.kubernetes.io/managed-by';

/** The field manager, reporting controller and value of managed-by. */
export const operatorName = 'passwordless-operator';

/** What azure-workload-identity reads: https://azure.github.io/azure-workload-identity/docs/topics/service-account-labels-and-annotations.html */
export const clientIdAnnotation = 'azure.workload.identity/client-id';
export const tenantIdAnnotation = 'azure.workload.identity/tenant-id';

/** The client id that we wrote into clientIdAnnotation: only this one may we replace or take away. */
export const writtenClientIdAnnotation = 'dbaccess.dev/client-id';

/** Label of a Secret, "true": connections of its namespace may refer to it. Whoever may write it may read the Secret. */
export const referableLabel = 'dbaccess.dev/referable';

/** Set on a service account that we made, so that we may delete it. */
export const createdAnnotation = 'dbaccess.dev/created';

/** Set on a Secret that we took over: the connection's uid, a blank, and the keys in it that are ours, with commas. Only these may we change, and take out when the connection goes. */
export const adoptedAnnotation = 'dbaccess.dev/adopted';
