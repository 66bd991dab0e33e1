// Bulk API 2.0 by conn.bulk2: ingest of every operation, jobs by hand, queries as streams.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Readable } from 'node:stream';

import { beginAfresh, collect, connect, faults } from './org.mjs';

beginAfresh();

async function bulkConnection() {
  const conn = await connect();
  conn.bulk2.pollInterval = 50;
  return conn;
}

const people = (count) => [...Array(count)].map((_, n) => ({ LastName: 'Bulk', FirstName: `N${n}`, Tandem_Id__c: `b-${n}` }));
const alive = (conn) => conn.sobject('Contact').count({ LastName: 'Bulk' });
const load = (conn, operation, input, more = {}) =>
  conn.bulk2.loadAndWaitForResults({ object: 'Contact', operation, input, ...more });

test('insert, update and delete sort the rows by their results', async () => {
  const conn = await bulkConnection();

  const made = await load(conn, 'insert', people(300));
  assert.deepEqual([made.successfulResults.length, made.failedResults, made.unprocessedRecords], [300, [], []]);
  const [first] = made.successfulResults;
  assert.deepEqual(Object.keys(first), ['sf__Id', 'sf__Created', 'LastName', 'FirstName', 'Tandem_Id__c']);
  assert.match(first.sf__Id, /^003\w{15}$/);
  assert.equal(first.sf__Created, 'true');

  const rows = made.successfulResults.map((row) => ({ Id: row.sf__Id, Title: 'T' }));
  const updated = await load(conn, 'update', rows);
  assert.ok(updated.successfulResults.every((row) => row.sf__Created === 'false' && row.sf__Id === row.Id));
  assert.equal(updated.successfulResults.length, 300);

  const deleted = await load(conn, 'delete', rows);
  assert.equal(deleted.successfulResults.length, 300);
  assert.equal(await alive(conn), 0);
});

test('upsert matches by the external id', async () => {
  const conn = await bulkConnection();
  await conn.create('Contact', { LastName: 'Old', Tandem_Id__c: 'b-1' });

  const { successfulResults } = await load(conn, 'upsert', people(3), { externalIdFieldName: 'Tandem_Id__c' });

  const created = Object.fromEntries(successfulResults.map((row) => [row.Tandem_Id__c, row.sf__Created]));
  assert.deepEqual(created, { 'b-0': 'true', 'b-1': 'false', 'b-2': 'true' });
});

test('a bad row fails alone, with its code and its values', async () => {
  const conn = await bulkConnection();

  const { successfulResults, failedResults } = await load(conn, 'insert', [
    { LastName: 'Bulk', Email: 'good@x.example' }, { LastName: 'Bulk', Email: 'nope' },
  ]);

  assert.equal(successfulResults.length, 1);
  assert.deepEqual(failedResults, [{
    sf__Id: '', sf__Error: 'INVALID_EMAIL_ADDRESS:Email: invalid email address: nope:Email --', LastName: 'Bulk', Email: 'nope',
  }]);
});

test('an empty cell leaves the field, #N/A empties it', async () => {
  const conn = await bulkConnection();
  const { id } = await conn.create('Contact', { LastName: 'Bulk', Title: 'CEO', Department: 'D' });

  await load(conn, 'update', [{ Id: id, Title: '', Department: null }]);

  const read = await conn.retrieve('Contact', id);
  assert.deepEqual([read.Title, read.Department], ['CEO', null]);
});

test('CSV text and streams are loaded as they are', async () => {
  const conn = await bulkConnection();
  const csv = 'LastName,Account.Tandem_Id__c\nBulk,acme\n"Bulk",acme\n';
  await conn.create('Account', { Name: 'Acme', Tandem_Id__c: 'acme' });

  await load(conn, 'insert', csv);
  await load(conn, 'insert', Readable.from([csv]));

  assert.equal(await conn.sobject('Contact').count({ LastName: 'Bulk', 'Account.Name': 'Acme' }), 4);
});

test('other delimiters and line ends are heeded', async () => {
  const conn = await bulkConnection();

  const { successfulResults } = await load(conn, 'insert', 'LastName;FirstName\r\nBulk;One\r\n', {
    columnDelimiter: 'SEMICOLON', lineEnding: 'CRLF',
  });

  assert.equal(successfulResults.length, 1);
});

test('a job by hand goes through its states', async () => {
  const conn = await bulkConnection();
  const job = conn.bulk2.createJob({ object: 'Contact', operation: 'insert' });

  const info = await job.open();
  assert.deepEqual([info.state, info.operation, info.object, info.contentType, info.apiVersion, info.concurrencyMode],
    ['Open', 'insert', 'Contact', 'CSV', 62, 'Parallel']);
  assert.equal(info.contentUrl, `services/data/v62.0/jobs/ingest/${info.id}/batches`);
  await job.uploadData(people(2));
  await job.close();
  await job.poll();

  const done = await job.check();
  assert.deepEqual([done.state, done.numberRecordsProcessed, done.numberRecordsFailed, done.jobType], ['JobComplete', 2, 0, 'V2Ingest']);
  const again = conn.bulk2.job('ingest', { id: info.id });
  assert.equal((await again.getSuccessfulResults()).length, 2);
  assert.match(await again.getSuccessfulResults(true), /^"sf__Id","sf__Created","LastName","FirstName","Tandem_Id__c"\n/);
  await again.delete();
  await assert.rejects(again.check(), { errorCode: 'NOT_FOUND' });
});

test('an aborted job keeps its rows to itself', async () => {
  const conn = await bulkConnection();
  const job = conn.bulk2.createJob({ object: 'Contact', operation: 'insert' });
  await job.open();
  await job.uploadData(people(2));

  await job.abort();

  await assert.rejects(job.poll(), { message: 'Job has been aborted' });
  assert.equal(await alive(conn), 0);
});

test('polling an open job is a mistake that is told', async () => {
  const conn = await bulkConnection();
  const job = conn.bulk2.createJob({ object: 'Contact', operation: 'insert' });
  await job.open();

  await assert.rejects(job.poll(), /^Error: Job is still open/);
});

test('an unknown column fails the job as a whole', async () => {
  const conn = await bulkConnection();

  await assert.rejects(load(conn, 'insert', [{ LastName: 'Bulk', Foo: 'x' }]), /InvalidBatch : Field name not found : Foo/);
});

test('a job that can not be is refused when it is opened', async () => {
  const conn = await bulkConnection();
  const open = (more) => conn.bulk2.createJob({ object: 'Contact', operation: 'insert', ...more }).open();

  await assert.rejects(open({ object: 'Nothing__c' }), (error) => typeof error.errorCode === 'string');
  await assert.rejects(open({ operation: 'upsert' }), (error) => typeof error.errorCode === 'string');
  await assert.rejects(open({ operation: 'explode' }), (error) => typeof error.errorCode === 'string');
});

test('a query streams its records, all as text', async () => {
  const conn = await bulkConnection();

  const records = await collect(await conn.bulk2.query('SELECT Id, Account.Name, CreatedDate, IsDeleted FROM Contact', { pollInterval: 50 }));

  assert.equal(records.length, 2000);
  assert.deepEqual(Object.keys(records[0]), ['Id', 'Account.Name', 'CreatedDate', 'IsDeleted']);
  assert.match(records[0].CreatedDate, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z$/);
});

test('scanAll finds what was deleted', async () => {
  const conn = await bulkConnection();
  const { id } = await conn.create('Contact', { LastName: 'Gone' });
  await conn.destroy('Contact', id);
  const soql = `SELECT Id, IsDeleted FROM Contact WHERE Id = '${id}'`;

  assert.deepEqual(await collect(await conn.bulk2.query(soql, { pollInterval: 50 })), []);
  assert.deepEqual(await collect(await conn.bulk2.query(soql, { scanAll: true, pollInterval: 50 })), [{ Id: id, IsDeleted: 'true' }]);
});

test('a query in other clothes is the same query', async () => {
  const conn = await bulkConnection();
  const { id } = await conn.create('Contact', { LastName: 'Semi;colon', Description: 'a\nb' });
  const soql = `SELECT LastName, Description FROM Contact WHERE Id = '${id}'`;

  const job = await conn.requestPost('/jobs/query', { operation: 'query', query: soql, columnDelimiter: 'SEMICOLON', lineEnding: 'CRLF' });
  const query = conn.bulk2.job('query', { id: job.id });
  await query.poll(50, 10_000);
  const text = await conn.request({ method: 'GET', url: `/jobs/query/${job.id}/results`, headers: { Accept: 'text/csv' } }, { responseType: 'text/plain' });

  assert.match(text, /^"LastName";"Description"\r\n"Semi;colon";"a\r?\nb"\r\n$/);
});

test('a query that is wrong is refused or fails, and says so', async () => {
  const conn = await bulkConnection();

  await assert.rejects(conn.bulk2.query('SELECT Id, Foo FROM Contact'), (error) => error instanceof Error);
  await assert.rejects(conn.bulk2.query('SELECT Id, MailingAddress FROM Contact'), (error) => error instanceof Error);
});

test('an expired session is refreshed under the job', async () => {
  const conn = await bulkConnection();
  const before = conn.accessToken;
  await faults({ do: 'expire', times: 1, match: { path: '/jobs/' } });

  assert.equal((await load(conn, 'insert', people(1))).successfulResults.length, 1);
  assert.notEqual(conn.accessToken, before);
});
