import { expect, test } from 'vitest'
import { destructiveLook, wordsOf } from './tool-words.ts'

test.each([
  ['closeAccount', ['close', 'account']],
  ['HTTPDelete2Users', ['http', 'delete', 'users']],
  ['event.delete-trigger', ['event', 'delete', 'trigger']],
  ['__', []],
])('splits %s into words', (name, words) => expect(wordsOf(name)).toEqual(words))

test.each([
  'refund',
  'issue_refund',
  'deleteUser',
  'delete',
  'del_file',
  'close_account',
  'deployService',
  'pay',
  'make_payment',
  'transferFunds',
  'merge_pull_request',
  'remove_item',
  'destroy',
  'drop_table',
  'purgeQueue',
  'wireMoney',
  'charge_card',
  'cancelOrder',
  'order_cancellation',
  'terminate_instance',
  'revoke_key',
  'get_and_delete',
  'deletes_files',
  'closing_account',
  'deactivate_user',
  'wipeDisk',
  'rm',
  'unlink',
  'mark_deleted',
  'withdrawal',
  'REFUND',
  'create_refund',
  'production_deployment',
])('%s looks irreversible', (name) => expect(destructiveLook(name)).toBeDefined())

test.each([
  'get_order',
  'list_refunds',
  'get_refund_status',
  'search_payments',
  'list_merged_branches',
  'create_ticket',
  'update_customer',
  'closest_match',
  'display',
  'deliver',
  'payload_size',
  'emerge',
])('%s does not look irreversible', (name) => expect(destructiveLook(name)).toBeUndefined())

test('a destructive hint raises, a read-only hint does not lower', () => {
  expect(destructiveLook('get_x', { destructiveHint: true })).toMatch(/destructiveHint/)
  expect(destructiveLook('delete_x', { readOnlyHint: true, destructiveHint: false })).toMatch(/"delete"/)
})
