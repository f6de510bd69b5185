/** A kit of the command's own, as `KitAccess`: the operator of the folder is whoever may read its files. */
import type { AuditActor } from '../audit/entry.ts'
import { AirworthyError } from '../core/errors.ts'
import type { ApprovalState } from '../guard/port.ts'
import type { Kit } from '../kit.ts'
import { credentialOf } from '../operate/keys/credentials.ts'
import type { KitAccess } from './kit-access.ts'

export function localKit(kit: Kit): KitAccess {
  const actor: AuditActor = { kind: 'operator', id: 'cli', verifiedBy: 'folder_access' }
  return {
    check: (request) => kit.check(request),
    listApprovals: (state) =>
      kit.store.approvals.listApprovals({
        ...(state === undefined ? {} : { state: state as ApprovalState }),
        limit: 100,
      }),
    readApproval: async (id) => {
      const approval = await kit.store.approvals.readApproval(id)
      if (approval !== undefined) return approval
      throw new AirworthyError({
        code: 'APPROVAL_UNKNOWN',
        message: `There is no approval ${id.slice(0, 64)}.`,
        mend: 'List them with `airworthy approval ls`.',
      })
    },
    async decideApproval(id, decision, comment, key) {
      const person = await credentialOf(kit.store.credentials, key)
      if (person === undefined || person.kind !== 'person') {
        throw new AirworthyError({
          code: 'CREDENTIAL_INVALID',
          message: 'The key is no active key of a person.',
          mend: 'Create one with `airworthy keys create --kind person`.',
        })
      }
      return await kit.decideApproval({
        id,
        decision,
        approver: { name: person.name, roles: person.roles, credentialId: person.id, verifiedBy: 'person_key' },
        ...(comment === undefined ? {} : { comment }),
      })
    },
    kill: (tool, reason) => kit.kill({ tool, reason, actor }),
    revive: (tool, reason) => kit.revive({ tool, reason, actor }),
    createKey: (request) => kit.createKey(request, actor),
    listKeys: () => kit.store.credentials.listCredentials(),
    revokeKey: (id) => kit.revokeKey(id, actor),
  }
}
