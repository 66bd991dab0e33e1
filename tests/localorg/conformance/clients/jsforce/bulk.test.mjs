// Bulk API 1.0 by conn.bulk: loads of every operation, batches by hand, queries as streams.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Readable } from 'node:stream';

import { beginAfresh, collect, connect, faults } from './org.mjs';

beginAfresh();

async function bulkConnection(more) {
  const conn = await connect('System Administrator', more);
  conn.bulk.pollInterval = 50;
  return conn;
}

const people = (count) => [...Array(count)].map((_, n) => ({ LastName: 'Bulk', FirstName: `N${n}`, Tandem_Id__c: `b-${n}` }));
const alive = (conn) => conn.sobject('Contact').count({ LastName: 'Bulk' });

test('insert, update and delete answer each record', async () => {
  const conn = await bulkConnection();

  const made = await conn.bulk.load('Contact', 'insert', people(300));
  assert.equal(made.filter((result) => result.success && result.created && result.errors.length === 0).length, 300);
  assert.match(made[0].id, /^003\w{15}$/);

  const updated = await conn.bulk.load('Contact', 'update', made.map(({ id }) => ({ Id: id, Title: 'T' })));
  assert.deepEqual(updated.map((result) => [result.id, result.success, result.created]), made.map(({ id }) => [id, true, false]));

  const deleted = await conn.bulk.load('Contact', 'delete', made.map(({ id }) => ({ Id: id })));
  assert.equal(deleted.filter((result) => result.success).length, 300);
  assert.equal(await alive(conn), 0);
});

test('upsert matches by the external id and tells what is new', async () => {
  const conn = await bulkConnection();
  await conn.create('Contact', { LastName: 'Old', Tandem_Id__c: 'b-1' });

  const results = await conn.bulk.load('Contact', 'upsert', { extIdField: 'Tandem_Id__c' }, people(3));

  assert.deepEqual(results.map((result) => [result.success, result.created]), [[true, true], [true, false], [true, true]]);
  assert.equal(await alive(conn), 3);
});

test('a bad row fails alone, with its code', async () => {
  const conn = await bulkConnection();

  const results = await conn.bulk.load('Contact', 'insert', [{ LastName: 'Bulk', Email: '' }, { LastName: 'Bulk', Email: 'nope' }]);

  assert.deepEqual(results.map((result) => result.success), [true, false]);
  assert.equal(results[1].id, null);
  assert.match(results[1].errors[0], /^INVALID_EMAIL_ADDRESS:Email: invalid email address: nope:Email --$/);
});

test('an empty cell leaves the field, #N/A empties it', async () => {
  const conn = await bulkConnection();
  const { id } = await conn.create('Contact', { LastName: 'Bulk', Title: 'CEO', Department: 'D' });

  await conn.bulk.load('Contact', 'update', [{ Id: id, Title: '', Department: null }]);

  const read = await conn.retrieve('Contact', id);
  assert.deepEqual([read.Title, read.Department], ['CEO', null]);
});

test('text with quotes, commas and line ends survives', async () => {
  const conn = await bulkConnection();
  const Description = 'He said "hi",\nthen left; ünïcode 😀';

  const [{ id }] = await conn.bulk.load('Contact', 'insert', [{ LastName: 'Bulk', Description }]);

  assert.equal((await conn.retrieve('Contact', id)).Description.replaceAll('\r\n', '\n'), Description);
});

test('booleans, numbers and dates are read from CSV', async () => {
  const conn = await bulkConnection();

  const [{ id }] = await conn.bulk.load('Opportunity', 'insert', [
    { Name: 'Bulk', StageName: 'Prospecting', CloseDate: '2026-05-06', Amount: 12.5, IsPrivate: true },
  ]);

  const read = await conn.retrieve('Opportunity', id);
  assert.deepEqual([read.CloseDate, read.Amount, read.IsPrivate], ['2026-05-06', 12.5, true]);
});

test('CSV text and streams are loaded as they are', async () => {
  const conn = await bulkConnection();
  const csv = 'LastName,FirstName\nBulk,One\nBulk,Two\n';

  const fromText = await conn.bulk.load('Contact', 'insert', csv);
  const fromStream = await conn.bulk.load('Contact', 'insert', Readable.from([csv]));

  assert.deepEqual([fromText.length, fromStream.length], [2, 2]);
  assert.equal(await alive(conn), 4);
});

test('the bulk methods of an sobject are loads', async () => {
  const conn = await bulkConnection();
  const contacts = conn.sobject('Contact');

  const made = await contacts.insertBulk(people(2));
  await contacts.updateBulk(made.map(({ id }) => ({ Id: id, Title: 'T' })));
  await contacts.upsertBulk(people(3), 'Tandem_Id__c');
  assert.equal(await alive(conn), 3);
  const gone = await contacts.destroyBulk(made.map(({ id }) => ({ Id: id })));

  assert.ok(gone.every((result) => result.success));
  assert.equal(await alive(conn), 1);
});

test('a hard delete leaves nothing in the recycle bin', async () => {
  const conn = await bulkConnection();
  const { id } = await conn.create('Contact', { LastName: 'Bulk' });
  const eraser = await conn.create('PermissionSet', { Name: 'Eraser', Label: 'Eraser', PermissionsBulkApiHardDelete: true });
  await conn.create('PermissionSetAssignment', { PermissionSetId: eraser.id, AssigneeId: conn.userInfo.id });

  const [result] = await conn.sobject('Contact').destroyHardBulk([{ Id: id }]);

  assert.equal(result.success, true);
  assert.equal((await conn.query(`SELECT Id FROM Contact WHERE Id = '${id}'`, { scanAll: true })).totalSize, 0);
});

test('a job takes several batches and tells of each', async () => {
  const conn = await bulkConnection();
  const job = conn.bulk.createJob('Contact', 'insert');

  const info = await job.open();
  assert.deepEqual([info.state, info.operation, info.object, info.contentType, info.apiVersion], ['Open', 'insert', 'Contact', 'CSV', '62.0']);
  const batches = [people(2), people(3).map(({ LastName }) => ({ LastName }))].map((rows) => {
    const batch = job.createBatch();
    batch.execute(rows);
    return batch;
  });
  await Promise.all(batches.map((batch) => new Promise((resolve) => { batch.on('queue', resolve); })));
  for (const batch of batches) {
    batch.poll(50, 10_000);
    await new Promise((resolve, reject) => { batch.on('response', resolve).on('error', reject); });
  }
  const listed = await job.list();
  const closed = await job.close();

  assert.deepEqual(listed.map((batch) => [batch.state, batch.numberRecordsProcessed]).sort(), [['Completed', '2'], ['Completed', '3']]);
  assert.equal(closed.state, 'Closed');
  const checked = await conn.bulk.job(closed.id).check();
  assert.deepEqual([checked.numberBatchesCompleted, checked.numberRecordsProcessed, checked.numberRecordsFailed], ['2', '5', '0']);
});

test('an aborted job takes no more', async () => {
  const conn = await bulkConnection();
  const job = conn.bulk.createJob('Contact', 'insert');
  await job.open();
  const { id } = job;

  assert.equal((await job.abort()).state, 'Aborted');
  const late = conn.bulk.job(id).createBatch();
  await assert.rejects(async () => { await late.execute([{ LastName: 'Bulk' }]); }, { errorCode: 'InvalidJobState' });
  assert.equal(await alive(conn), 0);
});

test('a query streams its records, all as text', async () => {
  const conn = await bulkConnection();

  const records = await collect(await conn.bulk.query('SELECT Id, LastName, Account.Name, CreatedDate, IsDeleted FROM Contact'));

  assert.equal(records.length, 2000);
  assert.deepEqual(Object.keys(records[0]), ['Id', 'LastName', 'Account.Name', 'CreatedDate', 'IsDeleted']);
  assert.match(records[0].CreatedDate, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z$/);
  assert.equal(records[0].IsDeleted, 'false');
});

test('a query that finds nothing streams nothing', async () => {
  const conn = await bulkConnection();

  assert.deepEqual(await collect(await conn.bulk.query("SELECT Id FROM Contact WHERE LastName = 'nobody at all'")), []);
});

test('a wrong query fails its batch with the reason', async () => {
  const conn = await bulkConnection();

  await assert.rejects(conn.bulk.query('SELECT Id, Foo FROM Contact'), /InvalidBatch.*No such column 'Foo' on entity 'Contact'/s);
});

test('an unknown object or operation is refused when the job is opened', async () => {
  const conn = await bulkConnection();

  await assert.rejects(conn.bulk.createJob('Nothing__c', 'insert').open(), { errorCode: 'InvalidJob' });
});

test('an expired session is refreshed under the job', async () => {
  const conn = await bulkConnection();
  const before = conn.accessToken;
  await faults({ do: 'expire', times: 1, match: { path: '/services/async' } });

  const results = await conn.bulk.load('Contact', 'insert', people(1));

  assert.equal(results[0].success, true);
  assert.notEqual(conn.accessToken, before);
});

test('without a way to refresh, the code of Bulk 1.0 is told', async () => {
  const conn = await bulkConnection();
  conn._refreshDelegate = undefined;
  conn.accessToken = 'stale';

  await assert.rejects(conn.bulk.createJob('Contact', 'insert').open(), { errorCode: 'InvalidSessionId' });
});
