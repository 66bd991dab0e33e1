// Requests that jsforce has no method for: the composite family by requestPost and its siblings.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { beginAfresh, calls, connect } from './org.mjs';

beginAfresh();

const DATA = '/services/data/v62.0';

test('requests of each method go to their resource', async () => {
  const conn = await connect();

  const { id } = await conn.requestPost('/sobjects/Contact', { LastName: 'Client' });
  assert.equal(await conn.requestPatch(`/sobjects/Contact/${id}`, { Title: 'CEO' }), undefined);
  assert.equal((await conn.requestGet(`/sobjects/Contact/${id}?fields=Title`)).Title, 'CEO');
  assert.equal(await conn.requestDelete(`/sobjects/Contact/${id}`), undefined);
  await assert.rejects(conn.requestPut(`/sobjects/Contact/${id}`, { Title: 'x' }), {
    errorCode: 'METHOD_NOT_ALLOWED', message: "HTTP Method 'PUT' not allowed. Allowed are HEAD,GET,PATCH,DELETE",
  });
});

test('a composite request hands results on by reference', async () => {
  const conn = await connect();

  const { compositeResponse } = await conn.requestPost('/composite', {
    allOrNone: true,
    compositeRequest: [
      { method: 'POST', url: `${DATA}/sobjects/Account`, referenceId: 'acc', body: { Name: 'Acme' } },
      { method: 'POST', url: `${DATA}/sobjects/Contact`, referenceId: 'con', body: { LastName: 'Client', AccountId: '@{acc.id}' } },
      { method: 'GET', url: `${DATA}/query?q=SELECT+Id+FROM+Contact+WHERE+AccountId='@{acc.id}'`, referenceId: 'found' },
      { method: 'PATCH', url: `${DATA}/sobjects/Contact/@{con.id}`, referenceId: 'patched', body: { Title: 'T' } },
    ],
  });

  assert.deepEqual(compositeResponse.map((part) => part.httpStatusCode), [201, 201, 200, 204]);
  const [account, contact, found, patched] = compositeResponse;
  assert.equal(account.httpHeaders.Location, `${DATA}/sobjects/Account/${account.body.id}`);
  assert.equal(found.body.records[0].Id, contact.body.id);
  assert.equal(patched.body, null);
  assert.equal(await calls('POST composite'), 1);
});

test('a composite request rolls back as a whole', async () => {
  const conn = await connect();

  const { compositeResponse } = await conn.requestPost('/composite', {
    allOrNone: true,
    compositeRequest: [
      { method: 'POST', url: `${DATA}/sobjects/Account`, referenceId: 'acc', body: { Name: 'Rolled back' } },
      { method: 'POST', url: `${DATA}/sobjects/Contact`, referenceId: 'con', body: { Email: 'nope' } },
    ],
  });

  assert.deepEqual(compositeResponse.map((part) => [part.httpStatusCode, part.body[0].errorCode]), [
    [400, 'PROCESSING_HALTED'], [400, 'REQUIRED_FIELD_MISSING'],
  ]);
  assert.equal(await conn.sobject('Account').count({ Name: 'Rolled back' }), 0);
});

test('a batch answers each of its requests', async () => {
  const conn = await connect();
  const { id } = await conn.create('Account', { Name: 'Acme' });

  const answer = await conn.requestPost('/composite/batch', {
    batchRequests: [
      { method: 'PATCH', url: `v62.0/sobjects/account/${id}`, richInput: { Name: 'Renamed' } },
      { method: 'GET', url: `v62.0/sobjects/account/${id}?fields=Name` },
      { method: 'GET', url: 'v62.0/sobjects/account/001000000000000AAA' },
    ],
  });

  assert.equal(answer.hasErrors, true);
  assert.deepEqual(answer.results.map((result) => result.statusCode), [204, 200, 404]);
  assert.deepEqual([answer.results[0].result, answer.results[1].result.Name], [null, 'Renamed']);
});

test('a tree is created with its branches', async () => {
  const conn = await connect();

  const answer = await conn.requestPost('/composite/tree/Account', {
    records: [{
      attributes: { type: 'Account', referenceId: 'r1' },
      Name: 'Tree',
      Contacts: { records: [{ attributes: { type: 'Contact', referenceId: 'r2' }, LastName: 'Leaf' }] },
    }],
  });

  assert.deepEqual([answer.hasErrors, answer.results.map((result) => result.referenceId)], [false, ['r1', 'r2']]);
  assert.equal((await conn.retrieve('Contact', answer.results[1].id)).AccountId, answer.results[0].id);
});

test('graphs stand or fall each by itself', async () => {
  const conn = await connect();
  const graph = (graphId, body) => ({
    graphId,
    compositeRequest: [
      { method: 'POST', url: `${DATA}/sobjects/Account/`, referenceId: 'a', body: { Name: `Graph ${graphId}` } },
      { method: 'POST', url: `${DATA}/sobjects/Contact/`, referenceId: 'c', body: { AccountId: '@{a.id}', ...body } },
    ],
  });

  const { graphs } = await conn.requestPost('/composite/graph', { graphs: [graph('g1', { LastName: 'Client' }), graph('g2', {})] });

  assert.deepEqual(graphs.map((one) => [one.graphId, one.isSuccessful]), [['g1', true], ['g2', false]]);
  assert.deepEqual(graphs[0].graphResponse.compositeResponse.map((part) => part.httpStatusCode), [201, 201]);
  assert.equal(await conn.sobject('Account').count({ Name: { $like: 'Graph %' } }), 1);
});

test('the resources of the composite family are listed', async () => {
  const conn = await connect();

  assert.deepEqual(await conn.request('/composite'), {
    tree: `${DATA}/composite/tree`, batch: `${DATA}/composite/batch`,
    sobjects: `${DATA}/composite/sobjects`, graph: `${DATA}/composite/graph`,
  });
});

test('picklists of a record type come from the UI API', async () => {
  const conn = await connect();

  const answer = await conn.request('/ui-api/object-info/Opportunity/picklist-values/012000000000000AAA');

  const stages = answer.picklistFieldValues.StageName.values;
  assert.ok(stages.some((stage) => stage.value === 'Closed Won' && stage.attributes.won));
});
