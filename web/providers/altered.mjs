// A provider whose word a test alters: it signs in everybody without asking, and is told on stdin, a line of JSON each, what to
// say otherwise: {"token": {claim: value; null leaves it out}, "info": {…}, "sign": "foreign" | "shared" | "none", "rotate": true}.
import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { createInterface } from 'node:readline';
import { OAuth2Server } from 'oauth2-mock-server';

const SHARED = 'of this server and the provider';
const foreign = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
// What was signed is signed anew: by a key that is not the provider's, by what it shares with the server, by nothing.
const anew = {
  foreign: ['RS256', (text) => sign('sha256', Buffer.from(text), foreign).toString('base64url')],
  shared: ['HS256', (text) => createHmac('sha256', SHARED).update(text).digest('base64url')],
  none: ['none', () => ''],
};
let told = {};
let server;

async function begin(port) {
  server = new OAuth2Server();
  await server.issuer.keys.generate('RS256');
  await server.start(port, '127.0.0.1');
  server.issuer.url = `http://127.0.0.1:${server.address().port}`;
  server.service.on('beforeTokenSigning', ({ payload }) => {
    for (const [claim, value] of Object.entries(told.token ?? {})) {
      if (value === null) delete payload[claim];
      else payload[claim] = value;
    }
  });
  server.service.on('beforeResponse', ({ body }) => {
    if (!told.sign) return;
    const [alg, by] = anew[told.sign];
    const header = Buffer.from(JSON.stringify({ alg })).toString('base64url');
    const text = `${header}.${body.id_token.split('.')[1]}`;
    body.id_token = `${text}.${by(text)}`;
  });
  server.service.on('beforeUserinfo', ({ body }) => Object.assign(body, told.info ?? {}));
}

await begin(0);
const { port } = server.address();
console.log(`ready http://127.0.0.1:${port}`);
for await (const line of createInterface({ input: process.stdin })) {
  told = JSON.parse(line);
  if (told.rotate) {
    await server.stop();
    await begin(port);
  }
  console.log('told');
}
process.exit(0);
