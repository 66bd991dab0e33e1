// Records one by one and many at once: create, retrieve, update, upsert, destroy, and what jsforce makes of the answers.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { beginAfresh, calls, connect } from './org.mjs';

beginAfresh();

const people = (count) => [...Array(count)].map((_, n) => ({ LastName: `Client ${n}`, Tandem_Id__c: `c-${n}` }));
const NOBODY = '003000000000000AAA';

async function countOf(conn, where) {
  return (await conn.query(`SELECT COUNT() FROM Contact WHERE ${where}`)).totalSize;
}

test('a record lives its life', async () => {
  const conn = await connect();
  const contacts = conn.sobject('Contact');

  const made = await contacts.create({ LastName: 'Client', Email: 'client@x.example' });
  assert.deepEqual(made, { id: made.id, success: true, errors: [] });

  const updated = await contacts.update({ Id: made.id, Title: 'CEO' });
  assert.deepEqual(updated, { id: made.id, success: true, errors: [] });

  const read = await contacts.retrieve(made.id);
  assert.deepEqual(read.attributes, { type: 'Contact', url: `/services/data/v62.0/sobjects/Contact/${made.id}` });
  assert.deepEqual([read.Id, read.Title, read.Email], [made.id, 'CEO', 'client@x.example']);

  assert.deepEqual(await contacts.destroy(made.id), { id: made.id, success: true, errors: [] });
  await assert.rejects(contacts.retrieve(made.id), { errorCode: 'ENTITY_IS_DELETED' });
});

test('the synonyms insert, delete and del do the same', async () => {
  const conn = await connect();
  for (const end of ['delete', 'del']) {
    const { id } = await conn.sobject('Lead').insert({ LastName: 'Client', Company: 'Acme' });
    assert.equal((await conn.sobject('Lead')[end](id)).success, true);
  }
});

test('a reference to a record reads, updates and destroys it', async () => {
  const conn = await connect();
  const { id } = await conn.sobject('Account').create({ Name: 'Acme' });
  const account = conn.sobject('Account').record(id);

  await account.update({ Name: 'Acme & Sons' });
  assert.equal((await account.retrieve({ fields: ['Name'] })).Name, 'Acme & Sons');
  await account.destroy();
  await assert.rejects(account.retrieve(), { errorCode: 'ENTITY_IS_DELETED' });
});

test('chosen fields of a record are all that comes', async () => {
  const conn = await connect();
  const { id } = await conn.sobject('Contact').create({ LastName: 'Client', FirstName: 'Ann' });

  const read = await conn.sobject('Contact').retrieve(id, { fields: ['Id', 'name'] });

  assert.deepEqual(Object.keys(read), ['attributes', 'Id', 'Name']);
  assert.equal(read.Name, 'Ann Client');
});

test('the id and attributes of a record that was read may be sent back', async () => {
  const conn = await connect();
  const { id } = await conn.sobject('Contact').create({ LastName: 'Client' });
  const read = await conn.sobject('Contact').retrieve(id, { fields: ['Id', 'LastName'] });

  await conn.update('Contact', { ...read, LastName: 'Changed' });
  const copy = await conn.create('Contact', { ...read, LastName: 'Copy' });

  assert.notEqual(copy.id, id);
  assert.equal((await conn.retrieve('Contact', id)).LastName, 'Changed');
});

test('many records are created in one call', async () => {
  const conn = await connect();

  const results = await conn.create('Contact', people(200));

  assert.equal(results.filter((result) => result.success && result.errors.length === 0).length, 200);
  assert.equal(await calls('POST composite/sobjects'), 1);
  assert.equal(await countOf(conn, "LastName LIKE 'Client %'"), 200);
});

test('more than 200 records are refused unless they may be split', async () => {
  const conn = await connect();

  await assert.rejects(conn.create('Contact', people(201)), { errorCode: 'EXCEEDED_ID_LIMIT' });
  assert.equal(await countOf(conn, "LastName LIKE 'Client %'"), 0);

  const made = await conn.create('Contact', people(450), { allowRecursive: true });
  assert.equal(made.filter((result) => result.success).length, 450);
  const ids = made.map((result) => result.id);
  const updated = await conn.update('Contact', ids.map((Id) => ({ Id, Title: 'T' })), { allowRecursive: true });
  assert.deepEqual(updated.map((result) => result.id), ids);
  const destroyed = await conn.destroy('Contact', ids, { allowRecursive: true });
  assert.deepEqual(destroyed.map((result) => [result.id, result.success]), ids.map((id) => [id, true]));
});

test('a bad record among good ones fails alone', async () => {
  const conn = await connect();

  const results = await conn.create('Contact', [{ LastName: 'Client 1' }, { FirstName: 'Ann' }, { LastName: 'Client 2' }]);

  assert.deepEqual(results.map((result) => result.success), [true, false, true]);
  assert.deepEqual(results[1], {
    success: false,
    errors: [{ statusCode: 'REQUIRED_FIELD_MISSING', message: 'Required fields are missing: [LastName]', fields: ['LastName'] }],
  });
});

test('all or none rolls the good ones back', async () => {
  const conn = await connect();

  const results = await conn.create('Contact', [{ LastName: 'Client 1' }, { FirstName: 'Ann' }], { allOrNone: true });

  assert.deepEqual(results.map((result) => result.success), [false, false]);
  assert.equal(results[0].errors[0].statusCode, 'ALL_OR_NONE_OPERATION_ROLLED_BACK');
  assert.equal(results[1].errors[0].statusCode, 'REQUIRED_FIELD_MISSING');
  assert.equal(await countOf(conn, "LastName = 'Client 1'"), 0);
});

test('all or none holds for updates and destroys as well', async () => {
  const conn = await connect();
  const { id } = await conn.create('Contact', { LastName: 'Client' });

  const updated = await conn.update('Contact', [{ Id: id, Title: 'T' }, { Id: NOBODY, Title: 'T' }], { allOrNone: true });
  assert.equal(updated[0].errors[0].statusCode, 'ALL_OR_NONE_OPERATION_ROLLED_BACK');
  const destroyed = await conn.destroy('Contact', [id, NOBODY], { allOrNone: true });
  assert.equal(destroyed[0].errors[0].statusCode, 'ALL_OR_NONE_OPERATION_ROLLED_BACK');
  assert.equal((await conn.retrieve('Contact', id)).Title, null);
});

test('records of several types may be mixed', async () => {
  const conn = await connect();

  const results = await conn.create(undefined, [
    { attributes: { type: 'Account' }, Name: 'Acme' },
    { attributes: { type: 'Contact' }, LastName: 'Client' },
  ]);

  assert.deepEqual(results.map((result) => result.id.slice(0, 3)), ['001', '003']);
});

test('many records are retrieved in the order of the ids, null for those that are not', async () => {
  const conn = await connect();
  const made = await conn.create('Contact', people(3));
  const [first, second, third] = made.map((result) => result.id);

  const read = await conn.retrieve('Contact', [third, NOBODY, first, second], { fields: ['Id', 'LastName'] });

  assert.deepEqual(read.map((record) => record && record.LastName), ['Client 2', null, 'Client 0', 'Client 1']);
});

test('without chosen fields, many are retrieved with all fields of the describe', async () => {
  const conn = await connect();
  const { id } = await conn.create('Contact', { LastName: 'Client', MailingCity: 'Bilbao' });

  const [read] = await conn.retrieve('Contact', [id]);

  const described = (await conn.describe('Contact')).fields.map((field) => field.name);
  assert.deepEqual(Object.keys(read).sort(), ['attributes', ...described].sort());
  assert.equal(read.MailingAddress.city, 'Bilbao');
});

test('upsert of one record tells whether it was created', async () => {
  const conn = await connect();
  const contacts = conn.sobject('Contact');

  const first = await contacts.upsert({ Tandem_Id__c: 'x 1', LastName: 'New' }, 'Tandem_Id__c');
  const second = await contacts.upsert({ Tandem_Id__c: 'x 1', LastName: 'Old' }, 'Tandem_Id__c');

  assert.deepEqual(first, { id: first.id, success: true, errors: [], created: true });
  assert.deepEqual(second, { id: first.id, success: true, errors: [], created: false });
  assert.equal((await contacts.retrieve(first.id)).LastName, 'Old');
});

test('before version 46 an upsert that updates has no body', async () => {
  const conn = await connect('System Administrator', { version: '45.0' });
  const contacts = conn.sobject('Contact');
  await contacts.upsert({ Tandem_Id__c: 'x', LastName: 'New' }, 'Tandem_Id__c');

  const again = await contacts.upsert({ Tandem_Id__c: 'x', LastName: 'Old' }, 'Tandem_Id__c');

  assert.deepEqual(again, { success: true, errors: [] });
});

test('many upserts go in one call and tell each', async () => {
  const conn = await connect();
  await conn.create('Contact', { LastName: 'Old', Tandem_Id__c: 'c-1' });

  const results = await conn.upsert('Contact', people(3), 'Tandem_Id__c');

  assert.deepEqual(results.map((result) => [result.success, result.created]), [[true, true], [true, false], [true, true]]);
  assert.equal(await calls('PATCH composite/sobjects'), 1);
});

test('upserts beyond 200 may be split', async () => {
  const conn = await connect();

  const results = await conn.upsert('Contact', people(201), 'Tandem_Id__c', { allowRecursive: true });

  assert.equal(results.filter((result) => result.created).length, 201);
});

test('an external id that is not unique is an error with the choices', async () => {
  const conn = await connect();
  await conn.create('Contact', [1, 2].map(() => ({ LastName: 'Twin', Email: 'twin@x.example' })));

  await assert.rejects(conn.upsert('Contact', { Email: 'twin@x.example', Title: 'x' }, 'Email'), (error) => {
    assert.equal(error.errorCode, 'MULTIPLE_CHOICES');
    assert.equal(error.data.length, 2);
    return error.data.every((url) => url.startsWith('/services/data/v62.0/sobjects/Contact/003'));
  });
});

test('a parent is named by its external id', async () => {
  const conn = await connect();
  const account = await conn.create('Account', { Name: 'Acme', Tandem_Id__c: 'acme' });

  const { id } = await conn.create('Contact', { LastName: 'Client', Account: { Tandem_Id__c: 'acme' } });

  assert.equal((await conn.retrieve('Contact', id)).AccountId, account.id);
});

test('before version 42, many records go as many calls', async () => {
  const conn = await connect('System Administrator', { version: '41.0' });

  const made = await conn.create('Contact', people(5));
  const ids = made.map((result) => result.id);
  await conn.update('Contact', ids.map((Id) => ({ Id, Title: 'T' })));
  const read = await conn.retrieve('Contact', [...ids, NOBODY]);
  const destroyed = await conn.destroy('Contact', ids);

  assert.deepEqual(read.map((record) => record && record.Title), ['T', 'T', 'T', 'T', 'T', null]);
  assert.equal(destroyed.length, 5);
  await assert.rejects(conn.create('Contact', people(11)), { message: 'Exceeded max limit of concurrent call' });
});

test('headers of a call are heeded', async () => {
  const conn = await connect();
  const read = { headers: { 'If-Modified-Since': new Date(Date.now() + 60_000).toUTCString() } };
  const { id } = await conn.create('Account', { Name: 'Acme' });

  assert.equal(await conn.retrieve('Account', id, read), '');
});

test('text of any kind comes back as it was sent', async () => {
  const conn = await connect();
  const FirstName = 'Zoë "Žofie" <&> \\ 😀';

  const { id } = await conn.create('Contact', { LastName: 'Ünïcode', FirstName });

  assert.equal((await conn.retrieve('Contact', id)).FirstName, FirstName);
});

test('a client may call itself by name and ask for a namespace', async () => {
  const conn = await connect('System Administrator', { callOptions: { client: 'conformance/1.0' } });

  assert.equal((await conn.create('Account', { Name: 'Acme' })).success, true);
});
