import { type Answer, answer } from './answer.ts'
import { accessFlags, namespace, type Operation, type Service, services } from './services.ts'
import { escapeXml } from './xml.ts'

/** The description of a service in the shape that ASP.NET generates: both SOAP versions, document/literal. */
export function answerWsdl(service: Service, location: string): Answer {
  const operations = services[service]
  const name = (binding: string) => `${service}${binding}`
  return answer(
    200,
    'text/xml; charset=utf-8',
    `<?xml version="1.0" encoding="utf-8"?>
<wsdl:definitions xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:soap12="http://schemas.xmlsoap.org/wsdl/soap12/" xmlns:s="http://www.w3.org/2001/XMLSchema" xmlns:tns="${namespace}" targetNamespace="${namespace}">
  <wsdl:types>
    <s:schema elementFormDefault="qualified" targetNamespace="${namespace}">
${operations.map((operation) => schemas[operation]).join('\n')}
      <s:complexType name="ApiCredentials">
        <s:sequence>
          ${text('CompanyId')}
          ${text('IntegratorLoginId')}
          ${text('IntegratorPassword')}
        </s:sequence>
      </s:complexType>
    </s:schema>
  </wsdl:types>
${operations.map(messages).join('\n')}
  <wsdl:portType name="${name('Soap')}">
${operations.map(portOperation).join('\n')}
  </wsdl:portType>
${binding('soap', name('Soap'), name('Soap'), operations)}
${binding('soap12', name('Soap12'), name('Soap'), operations)}
  <wsdl:service name="${service}">
    <wsdl:port name="${name('Soap')}" binding="tns:${name('Soap')}">
      <soap:address location="${escapeXml(location)}" />
    </wsdl:port>
    <wsdl:port name="${name('Soap12')}" binding="tns:${name('Soap12')}">
      <soap12:address location="${escapeXml(location)}" />
    </wsdl:port>
  </wsdl:service>
</wsdl:definitions>
`,
  )
}

const element = (name: string, type: string, occurs = 'minOccurs="0" maxOccurs="1"') =>
  `<s:element ${occurs} name="${name}" type="${type}" />`
const text = (name: string) => element(name, 's:string')
const flag = (name: string) => element(name, 's:boolean', 'minOccurs="1" maxOccurs="1"')
const many = (name: string) => element(name, `tns:${name}`, 'minOccurs="0" maxOccurs="unbounded"')

const complexType = (name: string, ...members: string[]) =>
  `<s:complexType name="${name}"><s:sequence>${members.join('')}</s:sequence></s:complexType>`
const wrapper = (name: string, ...members: string[]) =>
  `<s:element name="${name}"><s:complexType><s:sequence>${members.join('')}</s:sequence></s:complexType></s:element>`

const credentials = element('credentials', 'tns:ApiCredentials')

const schemas: Record<Operation, string> = {
  GetIntegratorLoginInfo: [
    wrapper('GetIntegratorLoginInfo', credentials),
    wrapper(
      'GetIntegratorLoginInfoResponse',
      element('GetIntegratorLoginInfoResult', 'tns:IntegratorLoginInfo'),
    ),
    complexType('IntegratorLoginInfo', ...accessFlags.map(flag)),
  ].join('\n'),
  GetReports: [
    wrapper('GetReports', credentials, flag('includeFields')),
    wrapper('GetReportsResponse', element('GetReportsResult', 'tns:ArrayOfReport')),
    complexType('ArrayOfReport', many('Report')),
    complexType('Report', text('Name'), element('Fields', 'tns:ArrayOfReportField')),
    complexType('ArrayOfReportField', many('ReportField')),
    complexType('ReportField', text('Name'), text('Type'), flag('IsNullable')),
  ].join('\n'),
}

const messages = (operation: Operation) => `  <wsdl:message name="${operation}SoapIn">
    <wsdl:part name="parameters" element="tns:${operation}" />
  </wsdl:message>
  <wsdl:message name="${operation}SoapOut">
    <wsdl:part name="parameters" element="tns:${operation}Response" />
  </wsdl:message>`

const portOperation = (operation: Operation) => `    <wsdl:operation name="${operation}">
      <wsdl:input message="tns:${operation}SoapIn" />
      <wsdl:output message="tns:${operation}SoapOut" />
    </wsdl:operation>`

const binding = (
  prefix: 'soap' | 'soap12',
  name: string,
  portType: string,
  operations: readonly Operation[],
) => `  <wsdl:binding name="${name}" type="tns:${portType}">
    <${prefix}:binding transport="http://schemas.xmlsoap.org/soap/http" />
${operations
  .map(
    (operation) => `    <wsdl:operation name="${operation}">
      <${prefix}:operation soapAction="${namespace}/${operation}" style="document" />
      <wsdl:input><${prefix}:body use="literal" /></wsdl:input>
      <wsdl:output><${prefix}:body use="literal" /></wsdl:output>
    </wsdl:operation>`,
  )
  .join('\n')}
  </wsdl:binding>`
