/**
 * Every route of the server, once. The server serves this list and nothing else; the OpenAPI document, the table test of
 * credentials and docs/api.md are made from it. An auditor's key opens `/audit/*` alone.
 */
import { z } from 'zod'
import { actionAnswer, actionBody, outcomeBody, waitQuery } from '../contract/action.ts'
import {
  alert,
  alertList,
  drillBody,
  drillReport,
  notificationList,
  notificationsQuery,
  resentNotification,
  scheduleList,
  silenceBody,
  testedAlert,
} from '../contract/alert.ts'
import { approval, approvalList, approvalsQuery, decisionBody, shownApproval } from '../contract/approval.ts'
import { checkBody, verdict } from '../contract/check.ts'
import {
  answerBody,
  askPersonBody,
  claimBody,
  closeBody,
  escalation,
  escalationList,
  escalationsQuery,
} from '../contract/escalation.ts'
import { acceptedPush, evalPushBody } from '../contract/eval-push.ts'
import { guardEvent } from '../contract/event.ts'
import { createdKey, keyBody, keyList, revokedKey } from '../contract/key.ts'
import { killBody, killList, killReport, liftReport } from '../contract/kill.ts'
import { metricsSeries, metricsSummary, seriesQuery, summaryQuery } from '../contract/metrics.ts'
import {
  anthropicModel,
  anthropicModels,
  chatRequest,
  countTokensRequest,
  embeddingsRequest,
  messagesRequest,
  openaiModel,
  openaiModels,
  responsesRequest,
} from '../contract/model.ts'
import { health, permitKeys, readiness, status } from '../contract/status.ts'
import { closedTask, closeTaskBody, forgetTaskBody, forgottenTask, openedTask, openTaskBody } from '../contract/task.ts'
import { trace } from '../contract/trace.ts'
import { pushBytesMax } from '../evals/push/push-file.ts'
import { act, readAction, reportOutcome } from './api/actions.ts'
import {
  listAlerts,
  listNotifications,
  listSchedules,
  resendNotification,
  runDrill,
  showAlert,
  silenceAlert,
  testAlert,
} from './api/alerts.ts'
import { approvalPage, decideApproval, listApprovals, readApproval } from './api/approvals.ts'
import { checkpoint, exportAudit, tile, vkey } from './api/audit.ts'
import {
  answerEscalation,
  askPerson,
  claimEscalation,
  closeEscalation,
  escalationOfTask,
  escalationsOfTask,
  listEscalations,
  showEscalation,
} from './api/escalations.ts'
import { pushEvals } from './api/eval-pushes.ts'
import { events } from './api/events.ts'
import { metricsSeries as readMetricsSeries, metricsSummary as readMetricsSummary } from './api/metrics.ts'
import { check, createKey, kill, liftKill, listKeys, listKills, revokeKey } from './api/operators.ts'
import { healthz, metrics, permitKey, readyz, status as statusOf } from './api/status.ts'
import { closeTask, forgetTask, openTask } from './api/tasks.ts'
import { readTrace } from './api/traces.ts'
import type { CallerKind } from './caller.ts'
import { liftToken } from './mcp/lift-token.ts'
import { anthropicMessages } from './model/anthropic-messages.ts'
import { countTokens } from './model/count-tokens.ts'
import { modelRoute, refuseModel } from './model/model-route.ts'
import { openaiChat } from './model/openai-chat.ts'
import { openaiEmbeddings } from './model/openai-embeddings.ts'
import { openaiErrors } from './model/openai-errors.ts'
import { openaiResponses } from './model/openai-responses.ts'
import { listAnthropicModels, listOpenaiModels, readAnthropicModel, readOpenaiModel } from './model/pinned-models.ts'
import { openApiDocument } from './openapi.ts'
import { receiveTraces, refuseTraces } from './otlp/receive-traces.ts'
import { jsonAnswer, type Route, route } from './route.ts'

/** A conversation with pictures in it. */
const modelRequestBytesMax = 16 * 1024 * 1024

const everybody: readonly CallerKind[] = ['agent', 'operator', 'person', 'task']

export const routes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/healthz',
    credentials: 'open',
    summary: 'The process runs',
    answer: { schema: health },
    handle: healthz,
  }),
  route({
    method: 'GET',
    path: '/readyz',
    credentials: ['agent', 'operator'],
    summary: 'Whether the kit can govern now; 503 with the reason when it cannot',
    answer: { schema: readiness },
    handle: readyz,
  }),
  route({
    method: 'GET',
    path: '/metrics',
    credentials: ['operator'],
    summary: 'Numbers for Prometheus',
    answer: { mediaType: 'text/plain' },
    handle: metrics,
  }),

  route({
    method: 'POST',
    path: '/openai/v1/chat/completions',
    credentials: ['task'],
    summary: "OpenAI's chat completions under guard: pins, budgets and kill switch; the task token is the API key",
    body: chatRequest,
    bodyBytesMax: modelRequestBytesMax,
    answer: {},
    handle: modelRoute(openaiChat),
    refuse: refuseModel(openaiChat),
  }),
  route({
    method: 'POST',
    path: '/openai/v1/responses',
    credentials: ['task'],
    summary: "OpenAI's responses under guard, in the same way; nothing that the provider keeps may be referred to",
    body: responsesRequest,
    bodyBytesMax: modelRequestBytesMax,
    answer: {},
    handle: modelRoute(openaiResponses),
    refuse: refuseModel(openaiResponses),
  }),
  route({
    method: 'POST',
    path: '/openai/v1/embeddings',
    credentials: ['task'],
    summary: "OpenAI's embeddings under guard, by the model that the manifest pins for them",
    body: embeddingsRequest,
    bodyBytesMax: modelRequestBytesMax,
    answer: {},
    handle: modelRoute(openaiEmbeddings),
    refuse: refuseModel(openaiEmbeddings),
  }),
  route({
    method: 'GET',
    path: '/openai/v1/models',
    credentials: ['task'],
    summary: 'The models that the manifest pins, as OpenAI lists them',
    answer: { schema: openaiModels },
    handle: listOpenaiModels,
    refuse: refuseModel(openaiErrors),
  }),
  route({
    method: 'GET',
    path: '/openai/v1/models/{model}',
    credentials: ['task'],
    summary: 'One of them',
    answer: { schema: openaiModel },
    handle: readOpenaiModel,
    refuse: refuseModel(openaiErrors),
  }),
  route({
    method: 'POST',
    path: '/anthropic/v1/messages',
    credentials: ['task'],
    summary: "Anthropic's messages under guard, in the same way; the task token is the API key",
    body: messagesRequest,
    bodyBytesMax: modelRequestBytesMax,
    answer: {},
    handle: modelRoute(anthropicMessages),
    refuse: refuseModel(anthropicMessages),
  }),
  route({
    method: 'POST',
    path: '/anthropic/v1/messages/count_tokens',
    credentials: ['task'],
    summary: "Anthropic's count of a request's tokens, passed on under the pins; no step, no cost",
    body: countTokensRequest,
    bodyBytesMax: modelRequestBytesMax,
    answer: {},
    handle: countTokens,
    refuse: refuseModel(anthropicMessages),
  }),
  route({
    method: 'GET',
    path: '/anthropic/v1/models',
    credentials: ['task'],
    summary: 'The models that the manifest pins, as Anthropic lists them',
    answer: { schema: anthropicModels },
    handle: listAnthropicModels,
    refuse: refuseModel(anthropicMessages),
  }),
  route({
    method: 'GET',
    path: '/anthropic/v1/models/{model}',
    credentials: ['task'],
    summary: 'One of them',
    answer: { schema: anthropicModel },
    handle: readAnthropicModel,
    refuse: refuseModel(anthropicMessages),
  }),

  route({
    method: 'POST',
    path: '/v1/traces',
    credentials: ['agent', 'task'],
    summary: 'Receive spans (OTLP over HTTP, protobuf or JSON); answers when they are durable',
    answer: {},
    handle: receiveTraces,
    refuse: refuseTraces,
  }),
  route({
    method: 'GET',
    path: '/api/v1/traces/{id}',
    credentials: ['operator', 'agent'],
    summary: 'A trace as a tree: the spans of the kit, and what the agent says of itself',
    answer: { schema: trace },
    handle: readTrace,
  }),
  route({
    method: 'GET',
    path: '/api/v1/metrics/summary',
    credentials: ['operator'],
    summary: 'Latency, tokens, cost, errors, blocks and budgets of a window, by group if asked to',
    query: summaryQuery,
    answer: { schema: metricsSummary },
    handle: readMetricsSummary,
  }),
  route({
    method: 'GET',
    path: '/api/v1/metrics/series',
    credentials: ['operator'],
    summary: 'One measure over time, by group if asked to',
    query: seriesQuery,
    answer: { schema: metricsSeries },
    handle: readMetricsSeries,
  }),

  route({
    method: 'POST',
    path: '/api/v1/tasks',
    credentials: ['agent'],
    summary: 'Open a task for one user; the answer holds its token',
    body: openTaskBody,
    answer: { status: 201, schema: openedTask },
    handle: openTask,
  }),
  route({
    method: 'POST',
    path: '/api/v1/tasks/{id}/actions',
    credentials: ['task', 'agent'],
    summary: 'Ask the guard for an action; tools of servers are executed, others get a permit',
    body: actionBody,
    answer: { schema: actionAnswer },
    handle: act,
  }),
  route({
    method: 'POST',
    path: '/api/v1/tasks/{id}/close',
    credentials: ['task', 'agent'],
    summary: 'End a task; its token opens nothing any more',
    body: closeTaskBody,
    answer: { schema: closedTask },
    handle: closeTask,
  }),
  route({
    method: 'POST',
    path: '/api/v1/tasks/{id}/forget',
    credentials: ['operator'],
    summary: 'Erase what a closed task said and did: its recording, and every body in the log',
    body: forgetTaskBody,
    answer: { schema: forgottenTask },
    handle: forgetTask,
  }),
  route({
    method: 'GET',
    path: '/api/v1/actions/{id}',
    credentials: ['task', 'agent', 'operator'],
    summary: 'What became of an action; waits for it if asked to',
    query: waitQuery,
    answer: { schema: actionAnswer },
    handle: readAction,
  }),
  route({
    method: 'POST',
    path: '/api/v1/actions/{id}/outcome',
    credentials: ['task', 'operator'],
    summary: 'Report what the caller ran itself; an operator settles what is in doubt',
    body: outcomeBody,
    answer: { schema: actionAnswer },
    handle: reportOutcome,
  }),

  route({
    method: 'GET',
    path: '/api/v1/approvals',
    credentials: ['person', 'operator'],
    summary: 'Approvals, newest first, at most 200',
    query: approvalsQuery,
    answer: { schema: approvalList },
    handle: listApprovals,
  }),
  route({
    method: 'GET',
    path: '/api/v1/approvals/{id}',
    credentials: ['person', 'operator'],
    summary: 'One approval, with the arguments as they will be sent',
    answer: { schema: shownApproval },
    handle: readApproval,
  }),
  route({
    method: 'POST',
    path: '/api/v1/approvals/{id}/decision',
    credentials: ['person'],
    summary: 'Approve or reject, with the roles of the own key; on approval the kit executes the action',
    body: decisionBody,
    answer: { schema: approval },
    handle: decideApproval,
  }),
  route({
    method: 'GET',
    path: '/approvals/{id}',
    credentials: ['person', 'operator'],
    summary: 'Where the link of a held action leads: what would be executed, and how to decide',
    answer: { mediaType: 'text/plain' },
    handle: approvalPage,
  }),

  route({
    method: 'GET',
    path: '/api/v1/escalations',
    credentials: ['person', 'operator'],
    summary: 'The human queue, newest first, at most 200',
    query: escalationsQuery,
    answer: { schema: escalationList },
    handle: listEscalations,
  }),
  route({
    method: 'GET',
    path: '/api/v1/escalations/{id}',
    credentials: ['person', 'operator'],
    summary: 'One escalation',
    answer: { schema: escalation },
    handle: showEscalation,
  }),
  route({
    method: 'POST',
    path: '/api/v1/escalations/{id}/claim',
    credentials: ['person', 'operator'],
    summary: 'Say that you work on it',
    body: claimBody,
    answer: { schema: escalation },
    handle: claimEscalation,
  }),
  route({
    method: 'POST',
    path: '/api/v1/escalations/{id}/answer',
    credentials: ['person', 'operator'],
    summary: 'Answer it; the task is told at its resume address',
    body: answerBody,
    answer: { schema: escalation },
    handle: answerEscalation,
  }),
  route({
    method: 'POST',
    path: '/api/v1/escalations/{id}/close',
    credentials: ['person', 'operator'],
    summary: 'Close it',
    body: closeBody,
    answer: { schema: escalation },
    handle: closeEscalation,
  }),
  route({
    method: 'POST',
    path: '/api/v1/tasks/{id}/escalations',
    credentials: ['task', 'agent'],
    summary: 'Ask for a person; while one waits that was asked for, that one is answered',
    body: askPersonBody,
    answer: { status: 201, schema: escalation },
    handle: askPerson,
  }),
  route({
    method: 'GET',
    path: '/api/v1/tasks/{id}/escalations',
    credentials: ['task', 'agent'],
    summary: "The task's escalations",
    answer: { schema: escalationList },
    handle: escalationsOfTask,
  }),
  route({
    method: 'GET',
    path: '/api/v1/tasks/{id}/escalations/{escalation}',
    credentials: ['task', 'agent'],
    summary: "One of the task's escalations; `wait` waits for its answer",
    query: waitQuery,
    answer: { schema: escalation },
    handle: escalationOfTask,
  }),

  route({
    method: 'GET',
    path: '/api/v1/kills',
    credentials: ['operator'],
    summary: 'Kill switches that are on',
    answer: { schema: killList },
    handle: listKills,
  }),
  route({
    method: 'POST',
    path: '/api/v1/kills',
    credentials: ['operator'],
    summary: 'Stop a tool or the whole agent; answers when nothing runs any more, or after a minute',
    body: killBody,
    answer: { schema: killReport },
    handle: kill,
  }),
  route({
    method: 'POST',
    path: '/api/v1/kills/lift',
    credentials: ['operator'],
    summary: 'Lift a kill',
    body: killBody,
    answer: { schema: liftReport },
    handle: liftKill,
  }),
  route({
    method: 'GET',
    path: '/api/v1/keys',
    credentials: ['operator'],
    summary: 'All keys, revoked ones included',
    answer: { schema: keyList },
    handle: listKeys,
  }),
  route({
    method: 'POST',
    path: '/api/v1/keys',
    credentials: ['operator'],
    summary: 'Create a key; it is shown this once',
    body: keyBody,
    answer: { status: 201, schema: createdKey },
    handle: createKey,
  }),
  route({
    method: 'POST',
    path: '/api/v1/keys/{id}/revoke',
    credentials: ['operator'],
    summary: 'Revoke a key',
    body: z.strictObject({}),
    answer: { schema: revokedKey },
    handle: revokeKey,
  }),
  route({
    method: 'POST',
    path: '/api/v1/check',
    credentials: ['operator'],
    summary: 'Go or no-go for the release that runs here',
    body: checkBody,
    answer: { schema: verdict },
    handle: check,
  }),

  route({
    method: 'POST',
    path: '/api/v1/evals/pushes',
    credentials: ['ci'],
    summary: 'Rows of evals from CI, signed; the same ones again change nothing',
    body: evalPushBody,
    bodyBytesMax: pushBytesMax,
    answer: { schema: acceptedPush },
    handle: pushEvals,
  }),

  route({
    method: 'GET',
    path: '/api/v1/alerts',
    credentials: ['operator'],
    summary: 'Alerts with their states and why, those that are rising and not yet certain included',
    answer: { schema: alertList },
    handle: listAlerts,
  }),
  route({
    method: 'GET',
    path: '/api/v1/alerts/{name}',
    credentials: ['operator'],
    summary: 'One alert, with what was compared and the causes',
    answer: { schema: alert },
    handle: showAlert,
  }),
  route({
    method: 'POST',
    path: '/api/v1/alerts/{name}/test',
    credentials: ['operator'],
    summary: 'Send a test notification through each channel of the alert, once',
    body: z.strictObject({}),
    answer: { schema: testedAlert },
    handle: testAlert,
  }),
  route({
    method: 'POST',
    path: '/api/v1/alerts/{name}/silence',
    credentials: ['operator'],
    summary: 'Tell nobody of it for so long; its state goes on',
    body: silenceBody,
    answer: { schema: alert },
    handle: silenceAlert,
  }),
  route({
    method: 'GET',
    path: '/api/v1/notifications',
    credentials: ['operator'],
    summary: 'What people were told or have yet to be, newest first, at most 200; state=dead lists dead letters',
    query: notificationsQuery,
    answer: { schema: notificationList },
    handle: listNotifications,
  }),
  route({
    method: 'POST',
    path: '/api/v1/notifications/{id}/resend',
    credentials: ['operator'],
    summary: 'Try a dead letter again',
    body: z.strictObject({}),
    answer: { schema: resentNotification },
    handle: resendNotification,
  }),
  route({
    method: 'GET',
    path: '/api/v1/schedules',
    credentials: ['operator'],
    summary: 'What runs by itself, when next, and what became of it last',
    answer: { schema: scheduleList },
    handle: listSchedules,
  }),
  route({
    method: 'POST',
    path: '/api/v1/drills',
    credentials: ['operator'],
    summary: 'Run a drill, or all of them, and record the evidence',
    body: drillBody,
    answer: { schema: drillReport },
    handle: runDrill,
  }),

  route({
    method: 'GET',
    path: '/api/v1/status',
    credentials: everybody,
    summary: 'Agent, release, mode, audit log, anchors, kills',
    answer: { schema: status },
    handle: statusOf,
  }),
  route({
    method: 'GET',
    path: '/api/v1/permit-key',
    credentials: everybody,
    summary: 'The public key that permits are verified with, as a JWK set',
    answer: { schema: permitKeys },
    handle: permitKey,
  }),
  route({
    method: 'GET',
    path: '/api/v1/events',
    credentials: ['operator'],
    summary: 'Guard steps as they happen, as server-sent events',
    answer: { schema: guardEvent, mediaType: 'text/event-stream' },
    handle: events,
  }),
  route({
    method: 'GET',
    path: '/api/openapi.json',
    credentials: everybody,
    summary: 'This description, OpenAPI 3.1',
    answer: {},
    handle: async ({ server }) => jsonAnswer(openApiDocument(routes, server.baseUrl)),
  }),

  route({
    method: 'GET',
    path: '/audit/checkpoint',
    credentials: ['auditor', 'operator'],
    summary: 'The newest signed checkpoint (C2SP tlog-checkpoint)',
    answer: { mediaType: 'text/plain' },
    handle: checkpoint,
  }),
  route({
    method: 'GET',
    path: '/audit/tile/*',
    credentials: ['auditor', 'operator'],
    summary: 'Hash tiles and entry bundles (C2SP tlog-tiles)',
    answer: { mediaType: 'application/octet-stream' },
    handle: tile,
  }),
  route({
    method: 'GET',
    path: '/audit/vkey',
    credentials: ['auditor', 'operator'],
    summary: "The log's public key (name+id+key)",
    answer: { mediaType: 'text/plain' },
    handle: vkey,
  }),
  route({
    method: 'GET',
    path: '/audit/export',
    credentials: ['auditor', 'operator'],
    summary: 'The whole log, for `airworthy audit verify`; bodies=true adds arguments and results',
    query: z.strictObject({ bodies: z.enum(['true', 'false']).optional() }),
    answer: { mediaType: 'application/x-ndjson' },
    handle: exportAudit,
  }),

  ...(['/mcp/{agent}', '/mcp/{agent}/{server}'] as const).flatMap((path) =>
    (['POST', 'GET', 'DELETE'] as const).map((method) =>
      route({
        method,
        path,
        credentials: ['task', 'agent'],
        summary: `MCP: ${path.endsWith('{server}') ? 'the tools of one server' : 'the tools of the agent'}`,
        answer: {},
        lift: liftToken,
        handle: ({ server, request }) => server.gateway(request),
      }),
    ),
  ),
]
