import { armErrors } from '../arm-error.ts';
import type { ArmContext, ArmOperation } from '../arm-operation.ts';
import { findHost } from './hosts.ts';
import { objectIn } from './json.ts';
import { readResource } from './resource-body.ts';

const apiVersions = ['2021-04-01'];
const groupPath = '/subscriptions/{subscriptionId}/resourceGroups/{resourceGroup}/providers';

/** Where a resource with tags can lie. */
const scopes = [
  `${groupPath}/Microsoft.App/containerApps/{name}`,
  `${groupPath}/Microsoft.Web/sites/{name}`,
  `${groupPath}/Microsoft.Web/sites/{name}/slots/{slotName}`,
];

/** The tags of a resource by themselves, which needs no right to write the resource: https://learn.microsoft.com/rest/api/resources/tags */
export const resourceTagsOperations: readonly ArmOperation[] = scopes.flatMap((scope): readonly ArmOperation[] => {
  const path = `${scope}/providers/Microsoft.Resources/tags/default`;
  return [
    {
      method: 'GET',
      path,
      action: 'Microsoft.Resources/tags/read',
      apiVersions,
      run: (context) => renderTags(taggedAt(scope, context)),
    },
    {
      method: 'PATCH',
      path,
      action: 'Microsoft.Resources/tags/write',
      apiVersions,
      run: (context) => {
        const resource = taggedAt(scope, context);
        const { tags = {} } = readResource({ tags: objectIn(objectIn(context.body, 'properties'), 'tags') });
        const operation = objectIn({ body: context.body }, 'body')['operation'];
        const sent = Object.fromEntries(Object.entries(tags).filter((entry): entry is [string, string] => entry[1] !== null));
        if (operation === 'Merge') resource.tags = { ...resource.tags, ...sent };
        else if (operation === 'Replace') resource.tags = sent;
        else if (operation === 'Delete')
          resource.tags = Object.fromEntries(Object.entries(resource.tags).filter(([name, value]) => sent[name] !== value));
        else throw armErrors.contentInvalid(`operation must be Merge, Replace or Delete, not '${operation}'`);
        return renderTags(resource);
      },
    },
  ];
});

interface Tagged {
  readonly resourceId: string;
  tags: Readonly<Record<string, string>>;
}

function taggedAt(scope: string, { world, params }: ArmContext): Tagged {
  const id = scope.replaceAll(/\{(\w+)\}/g, (_, name: string) => params[name] ?? '');
  const found = findHost(world.hosts, id);
  if (!found || found.type === 'SpringApp')
    throw armErrors.resourceNotFound('Microsoft.Resources/tags', 'default', params['resourceGroup'] ?? '');
  return found;
}

function renderTags({ resourceId, tags }: Tagged) {
  return {
    status: 200,
    json: {
      id: `${resourceId}/providers/Microsoft.Resources/tags/default`,
      name: 'default',
      type: 'Microsoft.Resources/tags',
      properties: { tags },
    },
  };
}
