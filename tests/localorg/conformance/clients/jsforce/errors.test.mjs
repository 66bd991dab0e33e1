// What goes wrong, as jsforce tells it: codes, several errors at once, pages of the edge, and what it tries again.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { beginAfresh, calls, connect, faults } from './org.mjs';

beginAfresh();

test('a refused record has code, message and fields', async () => {
  const conn = await connect();

  await assert.rejects(conn.create('Contact', { Email: 'nope' }), (error) => {
    assert.equal(error.errorCode, 'REQUIRED_FIELD_MISSING');
    assert.equal(error.message, 'Required fields are missing: [LastName]');
    assert.deepEqual(error.data, {
      message: 'Required fields are missing: [LastName]', errorCode: 'REQUIRED_FIELD_MISSING', fields: ['LastName'],
    });
    return true;
  });
});

const refused = [
  ['Contact', { LastName: 'x'.repeat(81) }, 'STRING_TOO_LONG'],
  ['Contact', { LastName: 'A', Foo__c: 1 }, 'INVALID_FIELD'],
  ['Contact', { LastName: 'A', Name: 'B' }, 'INVALID_FIELD_FOR_INSERT_UPDATE'],
  ['Contact', { LastName: 'A', AccountId: '001xx' }, 'MALFORMED_ID'],
  ['Contact', { LastName: 'A', AccountId: '001000000000000AAA' }, 'INVALID_CROSS_REFERENCE_KEY'],
  ['Contact', { LastName: 'A', Birthdate: '2026-13-01' }, 'JSON_PARSER_ERROR'],
  ['Opportunity', { Name: 'A', StageName: 'Prospecting', CloseDate: '2026-01-01', ForecastCategoryName: 'Hope' }, 'INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST'],
];
for (const [type, record, errorCode] of refused) {
  test(`${errorCode} is told by name`, async () => {
    const conn = await connect();

    await assert.rejects(conn.create(type, record), { name: errorCode, errorCode });
  });
}

test('a value that must be unique names the record that has it', async () => {
  const conn = await connect();
  const { id } = await conn.create('Contact', { LastName: 'First', Tandem_Id__c: 'x' });

  await assert.rejects(conn.create('Contact', { LastName: 'Second', Tandem_Id__c: 'x' }), {
    errorCode: 'DUPLICATE_VALUE',
    message: `duplicate value found: Tandem_Id__c duplicates value on record with id: ${id.slice(0, 15)}`,
  });
});

test('what is not there, or no longer, is told apart', async () => {
  const conn = await connect();
  const { id } = await conn.create('Contact', { LastName: 'Gone' });
  await conn.destroy('Contact', id);

  await assert.rejects(conn.update('Contact', { Id: id, Title: 'x' }), { errorCode: 'ENTITY_IS_DELETED' });
  await assert.rejects(conn.destroy('Contact', id), { errorCode: 'ENTITY_IS_DELETED' });
  await assert.rejects(conn.retrieve('Contact', '003000000000000AAA'), { errorCode: 'NOT_FOUND' });
  await assert.rejects(conn.update('Contact', { Id: '003000000000000AAA' }), { errorCode: 'INVALID_CROSS_REFERENCE_KEY' });
  await assert.rejects(conn.request('/nothing/there'), { errorCode: 'NOT_FOUND' });
});

test('who may not write is told so', async () => {
  const conn = await connect('Read Only');

  await assert.rejects(conn.create('Contact', { LastName: 'Client' }), {
    errorCode: 'CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY', message: 'entity type cannot be inserted: Contact',
  });
});

test('the daily limit refuses every call', async () => {
  const conn = await connect();
  await faults({ do: 'limit' });

  await assert.rejects(conn.query('SELECT Id FROM Contact'), {
    errorCode: 'REQUEST_LIMIT_EXCEEDED', message: 'TotalRequests Limit exceeded.',
  });
});

test('a page of the edge is told as such', async () => {
  const conn = await connect();
  await faults({ do: 'html', times: 1 });

  await assert.rejects(conn.create('Contact', { LastName: 'Client' }), (error) => {
    assert.match(error.message, /HTTP response contains html content/);
    assert.match(error.message, /HTTP status code: 502/);
    return error.errorCode === 'ERROR_HTTP_502';
  });
});

test('reading is tried again after the server was unavailable, creating is not', async () => {
  const conn = await connect();
  await faults({ do: 'status', status: 503, times: 1, match: { path: '/query' } });
  assert.equal((await conn.query('SELECT Id FROM Organization')).totalSize, 1);
  assert.equal(await calls('GET query'), 2);

  await faults({ do: 'status', status: 503, times: 1, match: { path: '/sobjects/Contact' } });
  await assert.rejects(conn.create('Contact', { LastName: 'Once' }), { errorCode: 'ERROR_HTTP_503' });
  assert.equal(await conn.sobject('Contact').count({ LastName: 'Once' }), 0);
});

test('reading is tried again after a cut connection', async () => {
  const conn = await connect();
  await faults({ do: 'drop_before', times: 1, match: { path: '/query' } });

  assert.equal((await conn.query('SELECT Id FROM Organization')).totalSize, 1);
});

test('a server error carries its number for support', async () => {
  const conn = await connect();
  await faults({ do: 'status', status: 500, times: 1 });

  await assert.rejects(conn.create('Contact', { LastName: 'Client' }), (error) => {
    assert.equal(error.errorCode, 'UNKNOWN_EXCEPTION');
    return /^An unexpected error occurred\. Please include this ErrorId/.test(error.message);
  });
});

test('a retired version is gone', async () => {
  const conn = await connect('System Administrator', { version: '20.0' });

  await assert.rejects(conn.query('SELECT Id FROM Contact'), { errorCode: 'GONE' });
});

test('a locked row is told in its place', async () => {
  const conn = await connect();
  const { id } = await conn.create('Contact', { LastName: 'Locked' });
  await faults({ do: 'lock', times: 1, match: { object: 'Contact' } });

  const [result] = await conn.update('Contact', [{ Id: id, Title: 'x' }]);

  assert.equal(result.errors[0].statusCode, 'UNABLE_TO_LOCK_ROW');
});

test('what a CRM does not ask for is not found', async () => {
  const conn = await connect();
  const answers = await Promise.allSettled([
    conn.sobject('Account').listviews(), conn.analytics.reports(), conn.apex.get('/thing'),
    conn.chatter.resource('/users/me').retrieve(), conn.tooling.sobject('ApexClass').describe(),
  ]);

  assert.deepEqual(answers.map(({ reason }) => reason?.errorCode), Array(5).fill('NOT_FOUND'));
});
