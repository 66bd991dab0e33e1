// SOSL by conn.search.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { beginAfresh, connect } from './org.mjs';

beginAfresh();

test('a search finds records of the types it names, with the fields it names', async () => {
  const conn = await connect();
  const account = await conn.create('Account', { Name: 'Zyxwv Works' });
  const contact = await conn.create('Contact', { LastName: 'Zyxwv', Email: 'z@zyxwv.example' });

  const { searchRecords } = await conn.search('FIND {Zyxwv} IN ALL FIELDS RETURNING Account(Id, Name), Contact(Id, Email)');

  const found = new Map(searchRecords.map((record) => [record.Id, record]));
  assert.equal(found.get(account.id).Name, 'Zyxwv Works');
  assert.equal(found.get(contact.id).Email, 'z@zyxwv.example');
  assert.equal(found.get(contact.id).attributes.type, 'Contact');
});

test('a search may look at names alone, by a beginning, and stop at a number', async () => {
  const conn = await connect();
  await conn.create('Contact', [1, 2, 3].map((n) => ({ LastName: `Zyxwv${n}`, Department: 'Qrstu' })));

  const byName = await conn.search('FIND {zyxw*} IN NAME FIELDS RETURNING Contact(Id) LIMIT 2');
  const nothing = await conn.search('FIND {Qrstu} IN NAME FIELDS RETURNING Contact(Id)');

  assert.equal(byName.searchRecords.length, 2);
  assert.deepEqual(nothing.searchRecords, []);
});

test('before version 37 a search answers a bare list', async () => {
  const conn = await connect('System Administrator', { version: '36.0' });
  await conn.create('Account', { Name: 'Zyxwv Works' });

  assert.equal((await conn.search('FIND {Zyxwv} RETURNING Account(Id)')).length, 1);
});

test('a search that can not be read is refused', async () => {
  const conn = await connect();

  await assert.rejects(conn.search('LOOK {Zyxwv}'), { errorCode: 'MALFORMED_SEARCH' });
});
