// A provider as one would run it, for a test: whoever gives a name and any password is that person. Its arguments are where it
// sends browsers back to and what the server proves itself by.
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

// What it remarks about itself is not for the one who waits for its address.
console.info = console.error;

const [back, left, secret] = process.argv.slice(2);
const web = createServer();
await new Promise((done) => web.listen(0, '127.0.0.1', done));
const issuer = `http://127.0.0.1:${web.address().port}`;
const provider = new Provider(issuer, {
  clients: [
    {
      client_id: 'kepi',
      client_secret: secret,
      redirect_uris: [back],
      post_logout_redirect_uris: [left],
    },
  ],
  claims: { openid: ['sub'], email: ['email', 'email_verified'] },
  pkce: { required: () => true },
  // Nobody is asked whether the server may know the address.
  async loadExistingGrant(ctx) {
    const grant = new ctx.oidc.provider.Grant({ clientId: 'kepi', accountId: ctx.oidc.session.accountId });
    grant.addOIDCScope('openid email');
    await grant.save();
    return grant;
  },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({ sub: id, email: id, email_verified: !id.startsWith('unverified') }),
  }),
});
web.on('request', provider.callback());
console.log(`ready ${issuer}`);
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
