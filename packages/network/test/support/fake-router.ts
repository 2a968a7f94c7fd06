/** A router that speaks as much of UPnP IGD 2 as a node needs: SSDP answers, a description, SOAP. */
import { createSocket } from 'node:dgram';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

/** What the router was asked to do, in order. */
export interface RouterLog {
  readonly searches: number;
  readonly mapped: readonly { readonly host: string; readonly port: number }[];
  readonly removed: readonly number[];
}

const device = 'urn:schemas-upnp-org:device:InternetGatewayDevice:2';
const service = 'urn:schemas-upnp-org:service:WANIPConnection:2';
const ssdpGroup = '239.255.255.250';
const ssdpPort = 1900;

const description = `<?xml version="1.0"?>
<root xmlns="urn:schemas-upnp-org:device-1-0"><device>
<deviceType>${device}</deviceType><UDN>uuid:router</UDN><friendlyName>router</friendlyName>
<serviceList><service><serviceType>${service}</serviceType><serviceId>wan</serviceId>
<controlURL>/control</controlURL><SCPDURL>/scpd</SCPDURL></service></serviceList>
</device></root>`;

const answer = (action: string, fields: string): string =>
  `<?xml version="1.0"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>` +
  `<u:${action}Response xmlns:u="${service}">${fields}</u:${action}Response></s:Body></s:Envelope>`;

const fieldOf = (body: string, name: string): string =>
  new RegExp(`<${name}>([^<]*)</${name}>`).exec(body)?.[1] ?? '';

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const part of request) body += String(part);
  return body;
}

/** Starts the router on `ip`; it says that its outer address is `externalIp`. */
export async function startRouter(
  ip: string,
  port: number,
  externalIp: string,
): Promise<{ log(): RouterLog; close(): void }> {
  let searches = 0;
  const mapped: { host: string; port: number }[] = [];
  const removed: number[] = [];

  const control = (action: string, body: string): string => {
    const outer = Number(fieldOf(body, 'NewExternalPort'));
    switch (action) {
      case 'GetExternalIPAddress':
        return `<NewExternalIPAddress>${externalIp}</NewExternalIPAddress>`;
      case 'AddAnyPortMapping':
        mapped.push({
          host: fieldOf(body, 'NewInternalClient'),
          port: Number(fieldOf(body, 'NewInternalPort')),
        });
        return `<NewReservedPort>${outer}</NewReservedPort>`;
      case 'DeletePortMapping':
        removed.push(outer);
        return '';
      default:
        return '';
    }
  };
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await bodyOf(request);
    const action = String(request.headers['soapaction'] ?? '').replace(/^.*#|"/g, '');
    response.setHeader('content-type', 'text/xml');
    response.end(request.method === 'POST' ? answer(action, control(action, body)) : description);
  };
  const server = createServer((request, response) => void serve(request, response));
  await new Promise<void>((resolve) => {
    server.listen(port, ip, resolve);
  });

  const socket = createSocket({ type: 'udp4', reuseAddr: true });
  socket.on('message', (message, from) => {
    if (!message.toString().startsWith('M-SEARCH') || from.address === ip) return;
    searches += 1;
    const lines = [
      'HTTP/1.1 200 OK',
      `ST: ${device}`,
      `USN: uuid:router::${device}`,
      `LOCATION: http://${ip}:${port}/description.xml`,
      'CACHE-CONTROL: max-age=1800',
      'EXT: ',
      '',
      '',
    ];
    socket.send(lines.join('\r\n'), from.port, from.address);
  });
  await new Promise<void>((resolve) => {
    socket.bind(ssdpPort, () => {
      socket.addMembership(ssdpGroup, ip);
      resolve();
    });
  });
  return {
    log: () => ({ searches, mapped: [...mapped], removed: [...removed] }),
    close: () => {
      server.close();
      socket.close();
    },
  };
}
