CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);
CREATE TABLE public.callbacks (
    id bigint NOT NULL,
    company_code character varying(9) NOT NULL,
    call_uuid character varying(36) NOT NULL,
    kind character varying(10) NOT NULL,
    payload text NOT NULL,
    state character varying(10) NOT NULL,
    attempts integer NOT NULL,
    early boolean NOT NULL,
    failure character varying(12),
    last_status integer,
    last_error character varying(200),
    created_at bigint NOT NULL,
    attempted_at bigint,
    next_attempt bigint,
    done_at bigint,
    call_ended_at bigint,
    CONSTRAINT ck_callbacks_payload_length CHECK ((length(payload) <= 16384)),
    CONSTRAINT ck_callbacks_pending_or_done CHECK (((next_attempt IS NULL) = (done_at IS NOT NULL)))
);
CREATE SEQUENCE public.callbacks_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.callbacks_id_seq OWNED BY public.callbacks.id;
CREATE TABLE public.caller_numbers (
    number character varying(33) NOT NULL,
    company_code character varying(9) NOT NULL,
    enabled boolean NOT NULL
);
CREATE TABLE public.calls (
    id bigint NOT NULL,
    uuid character varying(36) NOT NULL,
    server_id character varying(32) NOT NULL,
    company_code character varying(9) NOT NULL,
    state character varying(8) NOT NULL,
    accepted_at bigint NOT NULL,
    destnumber character varying(33) NOT NULL,
    voice_kind integer NOT NULL,
    voice_name character varying(2048) NOT NULL,
    userid character varying(1000) NOT NULL,
    disnumber character varying(33) NOT NULL,
    chengshudu character varying(255) NOT NULL,
    customuuid character varying(255) NOT NULL,
    memberid character varying(255) NOT NULL,
    ext character varying(255) NOT NULL,
    waittime integer NOT NULL,
    conntime integer NOT NULL,
    idempotency_key character varying(255),
    fingerprint character varying(64),
    started_at bigint,
    answered_at bigint,
    ended_at bigint,
    hangupcause integer,
    hangupdirection integer,
    userkey character varying(1) NOT NULL,
    extnumber character varying(32) NOT NULL,
    crmid character varying(64) NOT NULL,
    recordfilename character varying(64) NOT NULL
);
CREATE SEQUENCE public.calls_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.calls_id_seq OWNED BY public.calls.id;
CREATE TABLE public.companies (
    code character varying(9) NOT NULL,
    name character varying(64) NOT NULL,
    appid character varying(64) NOT NULL,
    accesskey_hash character varying(128) NOT NULL,
    enabled boolean NOT NULL,
    licensed_until bigint,
    ipwhite character varying(8192) NOT NULL,
    cdr_callback character varying(1024),
    status_callback character varying(1024),
    callback_format character varying(8) NOT NULL,
    callback_fields character varying(255) NOT NULL,
    signing_secret character varying(128) NOT NULL,
    record character varying(16) NOT NULL,
    record_format character varying(8) NOT NULL,
    expire_after integer NOT NULL,
    key_time integer NOT NULL,
    trunks character varying(8192),
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL
);
CREATE TABLE public.downloads (
    digest character varying(64) NOT NULL,
    url character varying(2048) NOT NULL,
    stem character varying(255) NOT NULL,
    octets bigint NOT NULL,
    etag character varying(1024),
    last_modified character varying(1024),
    checked_at bigint NOT NULL
);
CREATE TABLE public.extensions (
    number character varying(32) NOT NULL,
    company_code character varying(9) NOT NULL,
    password character varying(255) NOT NULL,
    enabled boolean NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL
);
CREATE TABLE public.group_members (
    group_id bigint NOT NULL,
    number character varying(32) NOT NULL,
    "position" integer NOT NULL
);
CREATE TABLE public.groups (
    id bigint NOT NULL,
    company_code character varying(9) NOT NULL,
    name character varying(64) NOT NULL,
    strategy character varying(32) NOT NULL,
    ring_time integer NOT NULL,
    max_wait integer NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL
);
CREATE SEQUENCE public.groups_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.groups_id_seq OWNED BY public.groups.id;
CREATE TABLE public.legs (
    uuid character varying(36) NOT NULL,
    call_uuid character varying(36) NOT NULL,
    kind character varying(1) NOT NULL,
    state character varying(8) NOT NULL,
    trunk character varying(64) NOT NULL,
    extension character varying(32) NOT NULL,
    invite text NOT NULL,
    dialog text NOT NULL,
    started_at bigint NOT NULL,
    rang_at bigint,
    answered_at bigint,
    ended_at bigint
);
CREATE TABLE public.registrations (
    id bigint NOT NULL,
    server_id character varying(36) NOT NULL,
    number character varying(32) NOT NULL,
    contact character varying(600) NOT NULL,
    transport character varying(8) NOT NULL,
    remote_host character varying(45) NOT NULL,
    remote_port integer NOT NULL,
    local_host character varying(45) NOT NULL,
    local_port integer NOT NULL,
    source_host character varying(45) NOT NULL,
    source_port integer NOT NULL,
    path character varying(8192) NOT NULL,
    call_id character varying(512) NOT NULL,
    cseq integer NOT NULL,
    expires_at bigint NOT NULL
);
CREATE SEQUENCE public.registrations_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.registrations_id_seq OWNED BY public.registrations.id;
CREATE TABLE public.servers (
    server_id character varying(32) NOT NULL,
    heartbeat_at bigint NOT NULL
);
CREATE TABLE public.tokens (
    id bigint NOT NULL,
    digest character varying(64) NOT NULL,
    company_code character varying(9) NOT NULL,
    issued_at bigint NOT NULL,
    expires_at bigint NOT NULL
);
CREATE SEQUENCE public.tokens_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.tokens_id_seq OWNED BY public.tokens.id;
CREATE TABLE public.trunks (
    name character varying(64) NOT NULL,
    "position" integer NOT NULL,
    address character varying(255) NOT NULL,
    username character varying(255),
    password character varying(255),
    register boolean NOT NULL,
    codecs character varying(32) NOT NULL,
    max_calls integer NOT NULL,
    calls_per_second double precision NOT NULL,
    hosts character varying(8192) NOT NULL,
    proxy character varying(255),
    strip character varying(33) NOT NULL,
    prefix character varying(33) NOT NULL,
    from_user character varying(64),
    from_domain character varying(255),
    caller_id character varying(8) NOT NULL,
    dtmf character varying(16) NOT NULL,
    keepalive integer NOT NULL,
    trunk_timeout integer NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL
);
CREATE TABLE public.voice_files (
    company_code character varying(9) NOT NULL,
    name character varying(255) NOT NULL,
    path character varying(4096) NOT NULL,
    added_at bigint NOT NULL
);
ALTER TABLE ONLY public.callbacks ALTER COLUMN id SET DEFAULT nextval('public.callbacks_id_seq'::regclass);
ALTER TABLE ONLY public.calls ALTER COLUMN id SET DEFAULT nextval('public.calls_id_seq'::regclass);
ALTER TABLE ONLY public.groups ALTER COLUMN id SET DEFAULT nextval('public.groups_id_seq'::regclass);
ALTER TABLE ONLY public.registrations ALTER COLUMN id SET DEFAULT nextval('public.registrations_id_seq'::regclass);
ALTER TABLE ONLY public.tokens ALTER COLUMN id SET DEFAULT nextval('public.tokens_id_seq'::regclass);
INSERT INTO public.alembic_version VALUES ('0001');
INSERT INTO public.callbacks VALUES (1, '2028', 'e08a4551-64e3-4eac-a670-8e09c200fc89', 'cdr', '{"answertime":"","hangupcause":10006,"duration":0,"id":2,"extnumber":"","uuid":"e08a4551-64e3-4eac-a670-8e09c200fc89","downloadip":"127.0.0.1","customuuid":"custom-2","chengshudu":"1","callmethod":6,"recordfilename":"","companycode":2028,"memberid":"0","hangupdirection":10006,"billsec":0,"endtime":"2026-11-28 13:23:42","starttime":"2026-11-28 13:23:42","type":"callout","disnumber":"2120280001","crmid":"0","userkey":"","destnumber":"13333330002"}', 'delivered', 1, false, NULL, 200, NULL, 1795843422192578, 1795843422268558, NULL, 1795843422268558, 1795843422192578);
INSERT INTO public.callbacks VALUES (2, '2028', '2aae6b1d-86c0-4f00-96bf-e29ddeafe0ec', 'status', '{"buuid":"2971cf6e-acbe-49dd-874e-c413eb3f5b0b","callee":"13333330001","caller":"20280003","companycode":"2028","direction":"callout","disnumber":"2120280001","extnumber":"20280003","isbleg":"true","method":"3","starttime":"1795843423","status":"ring","uuid":"2aae6b1d-86c0-4f00-96bf-e29ddeafe0ec","ip":"127.0.0.1"}', 'delivered', 1, false, NULL, 200, NULL, 1795843423694062, 1795843423735856, NULL, 1795843423735856, NULL);
INSERT INTO public.callbacks VALUES (3, '2028', '2aae6b1d-86c0-4f00-96bf-e29ddeafe0ec', 'status', '{"buuid":"2971cf6e-acbe-49dd-874e-c413eb3f5b0b","callee":"13333330001","caller":"20280003","companycode":"2028","direction":"callout","disnumber":"2120280001","extnumber":"20280003","isbleg":"true","method":"3","starttime":"1795843423","status":"answer","uuid":"2aae6b1d-86c0-4f00-96bf-e29ddeafe0ec","ip":"127.0.0.1"}', 'delivered', 1, false, NULL, 200, NULL, 1795843424199481, 1795843424239070, NULL, 1795843424239070, NULL);
INSERT INTO public.callbacks VALUES (4, '2028', '2aae6b1d-86c0-4f00-96bf-e29ddeafe0ec', 'status', '{"buuid":"2971cf6e-acbe-49dd-874e-c413eb3f5b0b","callee":"13333330001","caller":"20280003","companycode":"2028","direction":"callout","disnumber":"2120280001","extnumber":"20280003","isbleg":"true","method":"3","starttime":"1795843423","status":"hangup","uuid":"2aae6b1d-86c0-4f00-96bf-e29ddeafe0ec","ip":"127.0.0.1"}', 'delivered', 1, false, NULL, 200, NULL, 1795843426641149, 1795843426708892, NULL, 1795843426708892, NULL);
INSERT INTO public.callbacks VALUES (5, '2028', '2aae6b1d-86c0-4f00-96bf-e29ddeafe0ec', 'cdr', '{"answertime":"2026-11-28 13:23:42","hangupcause":10001,"duration":0,"id":1,"extnumber":"20280003","uuid":"2aae6b1d-86c0-4f00-96bf-e29ddeafe0ec","downloadip":"127.0.0.1","customuuid":"custom-1","chengshudu":"1","callmethod":6,"recordfilename":"2aae6b1d-86c0-4f00-96bf-e29ddeafe0ec.wav","companycode":2028,"memberid":"0","hangupdirection":10041,"billsec":4,"endtime":"2026-11-28 13:23:46","starttime":"2026-11-28 13:23:42","type":"callout","disnumber":"2120280001","crmid":"20280003","userkey":"1","destnumber":"13333330001"}', 'delivered', 1, false, NULL, 200, NULL, 1795843426641280, 1795843426871568, NULL, 1795843426871568, 1795843426641280);
INSERT INTO public.callbacks VALUES (6, '2028', '9e141ed6-79d2-4f63-ac63-b224acda79e2', 'cdr', '{"answertime":"2026-11-28 13:23:42","hangupcause":10001,"duration":0,"id":3,"extnumber":"","uuid":"9e141ed6-79d2-4f63-ac63-b224acda79e2","downloadip":"127.0.0.1","customuuid":"custom-1","chengshudu":"1","callmethod":6,"recordfilename":"9e141ed6-79d2-4f63-ac63-b224acda79e2.wav","companycode":2028,"memberid":"0","hangupdirection":10041,"billsec":4,"endtime":"2026-11-28 13:23:46","starttime":"2026-11-28 13:23:42","type":"callout","disnumber":"2120280001","crmid":"0","userkey":"1","destnumber":"13333330001"}', 'delivered', 1, false, NULL, 200, NULL, 1795843426790070, 1795843426932742, NULL, 1795843426932742, 1795843426790070);
INSERT INTO public.callbacks VALUES (7, '2028', 'ffff373e-e288-4054-b4b1-052b3ade4a15', 'status', '{"buuid":"953d15b5-0958-443c-ac56-190a6c09cbe9","callee":"13333330001","caller":"20280003","companycode":"2028","direction":"callout","disnumber":"2120280001","extnumber":"20280003","isbleg":"true","method":"3","starttime":"1795843428","status":"ring","uuid":"ffff373e-e288-4054-b4b1-052b3ade4a15","ip":"127.0.0.1"}', 'pending', 2, false, 'answered', 503, 'HTTP status 503', 1795843428727073, 1795843434246237, 1795843498405114, NULL, NULL);
INSERT INTO public.callbacks VALUES (8, '2028', 'ffff373e-e288-4054-b4b1-052b3ade4a15', 'status', '{"buuid":"953d15b5-0958-443c-ac56-190a6c09cbe9","callee":"13333330001","caller":"20280003","companycode":"2028","direction":"callout","disnumber":"2120280001","extnumber":"20280003","isbleg":"true","method":"3","starttime":"1795843428","status":"answer","uuid":"ffff373e-e288-4054-b4b1-052b3ade4a15","ip":"127.0.0.1"}', 'pending', 0, false, NULL, NULL, NULL, 1795843429236562, NULL, 1795843498405114, NULL, NULL);
INSERT INTO public.callbacks VALUES (9, '2028', 'ffff373e-e288-4054-b4b1-052b3ade4a15', 'status', '{"buuid":"953d15b5-0958-443c-ac56-190a6c09cbe9","callee":"13333330001","caller":"20280003","companycode":"2028","direction":"callout","disnumber":"2120280001","extnumber":"20280003","isbleg":"true","method":"3","starttime":"1795843428","status":"hangup","uuid":"ffff373e-e288-4054-b4b1-052b3ade4a15","ip":"127.0.0.1"}', 'pending', 0, false, NULL, NULL, NULL, 1795843431690863, NULL, 1795843498405114, NULL, NULL);
INSERT INTO public.callbacks VALUES (10, '2028', 'ffff373e-e288-4054-b4b1-052b3ade4a15', 'cdr', '{"answertime":"2026-11-28 13:23:47","hangupcause":10001,"duration":0,"id":4,"extnumber":"20280003","uuid":"ffff373e-e288-4054-b4b1-052b3ade4a15","downloadip":"127.0.0.1","customuuid":"custom-1","chengshudu":"1","callmethod":6,"recordfilename":"ffff373e-e288-4054-b4b1-052b3ade4a15.wav","companycode":2028,"memberid":"0","hangupdirection":10041,"billsec":4,"endtime":"2026-11-28 13:23:51","starttime":"2026-11-28 13:23:47","type":"callout","disnumber":"2120280001","crmid":"20280003","userkey":"1","destnumber":"13333330001"}', 'pending', 0, false, NULL, NULL, NULL, 1795843431690988, NULL, 1795843498405114, NULL, 1795843431690988);
INSERT INTO public.callbacks VALUES (11, '2028', '7838a1fb-78db-4477-b7c0-b25d61ed8266', 'status', '{"buuid":"fbd04308-4aa7-4f76-923b-b34fd935275c","callee":"13333330004","caller":"20280003","companycode":"2028","direction":"callout","disnumber":"2120280001","extnumber":"20280003","isbleg":"true","method":"3","starttime":"1795843435","status":"ring","uuid":"7838a1fb-78db-4477-b7c0-b25d61ed8266","ip":"127.0.0.1"}', 'pending', 1, false, 'answered', 503, 'HTTP status 503', 1795843435286859, 1795843435303309, 1795843440799405, NULL, NULL);
INSERT INTO public.callbacks VALUES (12, '2028', '7838a1fb-78db-4477-b7c0-b25d61ed8266', 'status', '{"buuid":"fbd04308-4aa7-4f76-923b-b34fd935275c","callee":"13333330004","caller":"20280003","companycode":"2028","direction":"callout","disnumber":"2120280001","extnumber":"20280003","isbleg":"true","method":"3","starttime":"1795843435","status":"answer","uuid":"7838a1fb-78db-4477-b7c0-b25d61ed8266","ip":"127.0.0.1"}', 'pending', 0, false, NULL, NULL, NULL, 1795843435791041, NULL, 1795843440799405, NULL, NULL);
INSERT INTO public.caller_numbers VALUES ('2120280001', '2028', true);
INSERT INTO public.caller_numbers VALUES ('2120280002', '2028', true);
INSERT INTO public.calls VALUES (2, 'e08a4551-64e3-4eac-a670-8e09c200fc89', '1', '2028', 'ended', 1795843419958399, '13333330002', 1, 'notice.mp3', '1@extGroup-1', '2120280001', '1', 'custom-2', '', '', 60, 3600, NULL, NULL, 1795843422133823, NULL, 1795843422192578, 10006, 10006, '', '', '', '');
INSERT INTO public.calls VALUES (1, '2aae6b1d-86c0-4f00-96bf-e29ddeafe0ec', '1', '2028', 'ended', 1795843419909817, '13333330001', 1, 'notice.mp3', '1@extGroup-1', '2120280001', '1', 'custom-1', '', '', 60, 3600, NULL, NULL, 1795843422120165, 1795843422640439, 1795843426641280, 10001, 10041, '1', '20280003', '20280003', '2aae6b1d-86c0-4f00-96bf-e29ddeafe0ec.wav');
INSERT INTO public.calls VALUES (3, '9e141ed6-79d2-4f63-ac63-b224acda79e2', '1', '2028', 'ended', 1795843420014063, '13333330001', 2, 'http://127.0.0.1:8081/notice.mp3', '1@extGroup-1', '2120280001', '1', 'custom-1', '', '', 60, 3600, NULL, NULL, 1795843422277535, 1795843422786776, 1795843426790070, 10001, 10041, '1', '', '', '9e141ed6-79d2-4f63-ac63-b224acda79e2.wav');
INSERT INTO public.calls VALUES (5, '7838a1fb-78db-4477-b7c0-b25d61ed8266', '1', '2028', 'answered', 1795843428746355, '13333330004', 1, 'notice.mp3', '1@extGroup-1', '2120280001', '1', 'custom-4', '', '', 60, 3600, 'kept', '992423b1d0582a38b4d2f7951e8db64f07bdba94edddb26ef5ecd7e613e56db2', 1795843428753726, 1795843429263455, NULL, NULL, NULL, '1', '', '', '');
INSERT INTO public.calls VALUES (4, 'ffff373e-e288-4054-b4b1-052b3ade4a15', '1', '2028', 'ended', 1795843426979149, '13333330001', 1, 'notice.mp3', '1@extGroup-1', '2120280001', '1', 'custom-1', '', '', 60, 3600, NULL, NULL, 1795843427165083, 1795843427695661, 1795843431690988, 10001, 10041, '1', '20280003', '20280003', 'ffff373e-e288-4054-b4b1-052b3ade4a15.wav');
INSERT INTO public.calls VALUES (6, 'ad0f9f6d-5768-4b57-8071-3225dd07e77c', '1', '2028', 'dialled', 1795843435799967, '13333330003', 1, 'notice.mp3', '1@extGroup-1', '2120280001', '1', 'custom-3', '', '', 60, 3600, NULL, NULL, 1795843435809196, NULL, NULL, NULL, NULL, '', '', '', '');
INSERT INTO public.calls VALUES (7, '91bd2188-a90d-44f6-943e-59fa3d34378c', '1', '2028', 'waiting', 1795843435829074, '13333330005', 1, 'notice.mp3', '1@extGroup-1', '2120280001', '1', 'custom-5', '', '', 60, 3600, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '', '', '', '');
INSERT INTO public.companies VALUES ('2028', 'Demo', 'demo-appid', 'sha256$b7cf5e9b5e9fe11715f6faf5acbc7b53$365387821081e433b79c6c768ccceab0685bc479031c406ddb8b8cee744abf6a', true, NULL, '', 'http://127.0.0.1:9000/cdr', 'http://127.0.0.1:9000/status', 'json', '', 'whsec_tNgUVZYd0ATLNVofWn4dTyR/Q66sMmRu', 'always', 'wav', 3600, 5, NULL, 1795843412253927, 1795843412253927);
INSERT INTO public.downloads VALUES ('031a0b7b8668d17a923f406a07e67a897403d42889a7a968264b45df54a0ef0a', 'http://127.0.0.1:8081/notice.mp3', '031a0b7b8668d17a923f406a07e67a89-654ec7bd316347b8', 138970, NULL, 'Sat, 28 Nov 2026 05:23:21 GMT', 1795843420052191);
INSERT INTO public.extensions VALUES ('20280003', '2028', 'secret', true, 1795843412253927, 1795843412253927);
INSERT INTO public.group_members VALUES (1, '20280003', 0);
INSERT INTO public.groups VALUES (1, '2028', 'extGroup-1', 'ring-all', 20, 60, 1795843412253927, 1795843412253927);
INSERT INTO public.legs VALUES ('f637cefa-cc94-4063-a37b-2716d27f3543', 'e08a4551-64e3-4eac-a670-8e09c200fc89', 'a', 'ended', 'carrier', '', '{"call_id":"46ecdfa6f14abef79edd694589a74c03","local":"<sip:2120280001@127.0.0.1>;tag=497a4e844c2ad42972a82972","remote":"<sip:13333330002@127.0.0.1:5080;transport=udp>","uri":"sip:13333330002@127.0.0.1:5080;transport=udp","via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bK636e9b7586eff24dfeb96143","cseq":1,"route":[],"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}', '', 1795843422114887, NULL, NULL, 1795843422192502);
INSERT INTO public.legs VALUES ('37ff6b06-5220-4860-98a5-60746b89044e', '9e141ed6-79d2-4f63-ac63-b224acda79e2', 'a', 'ended', 'carrier', '', '{"call_id":"dbcaa3599678f6bbf036f48484b0b6d8","local":"<sip:2120280001@127.0.0.1>;tag=6a9ff440309a8e8a428558ae","remote":"<sip:13333330001@127.0.0.1:5080;transport=udp>","uri":"sip:13333330001@127.0.0.1:5080;transport=udp","via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bK531dc8d4c68b49f2cb7ddbb6","cseq":1,"route":[],"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}', '{"call_id":"dbcaa3599678f6bbf036f48484b0b6d8","local":"<sip:2120280001@127.0.0.1>;tag=6a9ff440309a8e8a428558ae","remote":"<sip:13333330001@127.0.0.1:5080;transport=udp>;tag=89aa69e5fd60e9ba570a2a6b","remote_target":"sip:127.0.0.1:5080","route":[],"local_cseq":1,"remote_cseq":-1,"invite_cseq":1,"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}', 1795843422250935, NULL, 1795843422786776, 1795843426789984);
INSERT INTO public.legs VALUES ('f640849d-cf32-4e71-a4f8-c331eacac3e5', '2aae6b1d-86c0-4f00-96bf-e29ddeafe0ec', 'a', 'ended', 'carrier', '', '{"call_id":"cd73dabbbfa5d292227ccb6fcc73db9f","local":"<sip:2120280001@127.0.0.1>;tag=48ad0ec3de207dc9042bdb00","remote":"<sip:13333330001@127.0.0.1:5080;transport=udp>","uri":"sip:13333330001@127.0.0.1:5080;transport=udp","via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bK50e7071a6aee02e00a8c5dc6","cseq":1,"route":[],"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}', '{"call_id":"cd73dabbbfa5d292227ccb6fcc73db9f","local":"<sip:2120280001@127.0.0.1>;tag=48ad0ec3de207dc9042bdb00","remote":"<sip:13333330001@127.0.0.1:5080;transport=udp>;tag=c9fb4fc50a8062e574c3f4e8","remote_target":"sip:127.0.0.1:5080","route":[],"local_cseq":1,"remote_cseq":-1,"invite_cseq":1,"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}', 1795843422095753, NULL, 1795843422640439, 1795843426641070);
INSERT INTO public.legs VALUES ('2971cf6e-acbe-49dd-874e-c413eb3f5b0b', '2aae6b1d-86c0-4f00-96bf-e29ddeafe0ec', 'b', 'ended', '', '20280003', '{"call_id":"f069acd827e71430a8cb813898951547","local":"<sip:13333330001@127.0.0.1>;tag=c1d5ca877aef414f67081001","remote":"<sip:20280003@127.0.0.1:5070>","uri":"sip:20280003@127.0.0.1:5070","via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bK3a81ec9c82c81daf7f0c2604","cseq":1,"route":[],"flow":{"transport":"udp","remote":["127.0.0.1",5070],"local":["127.0.0.1",5060]},"pinned":true}', '{"call_id":"f069acd827e71430a8cb813898951547","local":"<sip:13333330001@127.0.0.1>;tag=c1d5ca877aef414f67081001","remote":"<sip:20280003@127.0.0.1:5070>;tag=da7567f1640ed5ce2036346c","remote_target":"sip:127.0.0.1:5070","route":[],"local_cseq":1,"remote_cseq":-1,"invite_cseq":1,"flow":{"transport":"udp","remote":["127.0.0.1",5070],"local":["127.0.0.1",5060]},"pinned":true}', 1795843423667554, 1795843423694062, 1795843424199481, 1795843426641149);
INSERT INTO public.legs VALUES ('890d915d-55c4-4c3c-bcd4-93860d5d2584', '7838a1fb-78db-4477-b7c0-b25d61ed8266', 'a', 'answered', 'carrier', '', '{"call_id":"e965ca49d87c6423d689725ce4be40ff","local":"<sip:2120280001@127.0.0.1>;tag=6dc070174b86ee1220565ba2","remote":"<sip:13333330004@127.0.0.1:5080;transport=udp>","uri":"sip:13333330004@127.0.0.1:5080;transport=udp","via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bKcf45dfeb5e724baa8ccf4c14","cseq":1,"route":[],"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}', '{"call_id":"e965ca49d87c6423d689725ce4be40ff","local":"<sip:2120280001@127.0.0.1>;tag=6dc070174b86ee1220565ba2","remote":"<sip:13333330004@127.0.0.1:5080;transport=udp>;tag=c9b42802160c703cfa937ada","remote_target":"sip:127.0.0.1:5080","route":[],"local_cseq":1,"remote_cseq":-1,"invite_cseq":1,"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}', 1795843428753726, NULL, 1795843429263455, NULL);
INSERT INTO public.legs VALUES ('d320b25c-62c0-43ee-99aa-6aae425f2302', 'ffff373e-e288-4054-b4b1-052b3ade4a15', 'a', 'ended', 'carrier', '', '{"call_id":"a3a1b08938e775278f6d8e167fbc814a","local":"<sip:2120280001@127.0.0.1>;tag=f44872363089aa446c13a3f2","remote":"<sip:13333330001@127.0.0.1:5080;transport=udp>","uri":"sip:13333330001@127.0.0.1:5080;transport=udp","via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bK5ac89444702883257bc9cf31","cseq":1,"route":[],"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}', '{"call_id":"a3a1b08938e775278f6d8e167fbc814a","local":"<sip:2120280001@127.0.0.1>;tag=f44872363089aa446c13a3f2","remote":"<sip:13333330001@127.0.0.1:5080;transport=udp>;tag=1ca767de8453c59623c6fae2","remote_target":"sip:127.0.0.1:5080","route":[],"local_cseq":1,"remote_cseq":-1,"invite_cseq":1,"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}', 1795843427140119, NULL, 1795843427695661, 1795843431690781);
INSERT INTO public.legs VALUES ('953d15b5-0958-443c-ac56-190a6c09cbe9', 'ffff373e-e288-4054-b4b1-052b3ade4a15', 'b', 'ended', '', '20280003', '{"call_id":"0d2317c286166c73acf58bc68233a51b","local":"<sip:13333330001@127.0.0.1>;tag=e562e11058ad8af077acd6d6","remote":"<sip:20280003@127.0.0.1:5070>","uri":"sip:20280003@127.0.0.1:5070","via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bKc14d4578550448894ad23ec7","cseq":1,"route":[],"flow":{"transport":"udp","remote":["127.0.0.1",5070],"local":["127.0.0.1",5060]},"pinned":true}', '{"call_id":"0d2317c286166c73acf58bc68233a51b","local":"<sip:13333330001@127.0.0.1>;tag=e562e11058ad8af077acd6d6","remote":"<sip:20280003@127.0.0.1:5070>;tag=0b5ead988cee9f8938f5b63f","remote_target":"sip:127.0.0.1:5070","route":[],"local_cseq":1,"remote_cseq":-1,"invite_cseq":1,"flow":{"transport":"udp","remote":["127.0.0.1",5070],"local":["127.0.0.1",5060]},"pinned":true}', 1795843428723926, 1795843428727073, 1795843429236562, 1795843431690863);
INSERT INTO public.legs VALUES ('fbd04308-4aa7-4f76-923b-b34fd935275c', '7838a1fb-78db-4477-b7c0-b25d61ed8266', 'b', 'answered', '', '20280003', '{"call_id":"1decaacd52b033ffab1f2c63aee06849","local":"<sip:13333330004@127.0.0.1>;tag=6cba7c2fb17f80588ce4de9f","remote":"<sip:20280003@127.0.0.1:5070>","uri":"sip:20280003@127.0.0.1:5070","via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bKfcd9902700befba8ea80f5b6","cseq":1,"route":[],"flow":{"transport":"udp","remote":["127.0.0.1",5070],"local":["127.0.0.1",5060]},"pinned":true}', '{"call_id":"1decaacd52b033ffab1f2c63aee06849","local":"<sip:13333330004@127.0.0.1>;tag=6cba7c2fb17f80588ce4de9f","remote":"<sip:20280003@127.0.0.1:5070>;tag=e85c2fd3290aad41d647769d","remote_target":"sip:127.0.0.1:5070","route":[],"local_cseq":1,"remote_cseq":-1,"invite_cseq":1,"flow":{"transport":"udp","remote":["127.0.0.1",5070],"local":["127.0.0.1",5060]},"pinned":true}', 1795843435283453, 1795843435286859, 1795843435791041, NULL);
INSERT INTO public.legs VALUES ('41eb72dd-bd34-4798-a24f-1ab0e34e42f1', 'ad0f9f6d-5768-4b57-8071-3225dd07e77c', 'a', 'dialled', 'carrier', '', '{"call_id":"e132a838e0f156b99be16b35ad8db37e","local":"<sip:2120280001@127.0.0.1>;tag=99fc31b4211c231bafa1b8f8","remote":"<sip:13333330003@127.0.0.1:5080;transport=udp>","uri":"sip:13333330003@127.0.0.1:5080;transport=udp","via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bKfd9c1bcb768054a8d07eef4a","cseq":1,"route":[],"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}', '', 1795843435809196, NULL, NULL, NULL);
INSERT INTO public.registrations VALUES (1, '1', '20280003', 'sip:20280003@127.0.0.1:5070', 'udp', '127.0.0.1', 5070, '127.0.0.1', 5060, '127.0.0.1', 5070, '[]', 'aa679db9f779c9a5ddc5974355d0cb82', 2, 1795843716774158);
INSERT INTO public.servers VALUES ('1', 1795843434916979);
INSERT INTO public.tokens VALUES (1, 'd901e6496eee0f645d265ba0e171b46e31d4fc25e27aa62cc880bbbad8eb4c1d', '2028', 1795843416951149, 1795886616951149);
INSERT INTO public.trunks VALUES ('carrier', 0, 'sip:127.0.0.1:5080;transport=udp', NULL, NULL, false, 'PCMA,PCMU', 2, 500, '', NULL, '', '', NULL, NULL, 'from', 'auto', 30, 4, 1795843412253927, 1795843412253927);
INSERT INTO public.voice_files VALUES ('2028', 'notice.mp3', '/var/lib/playvoice/voices/notice.mp3', 1795843412253927);
SELECT pg_catalog.setval('public.callbacks_id_seq', 12, true);
SELECT pg_catalog.setval('public.calls_id_seq', 7, true);
SELECT pg_catalog.setval('public.groups_id_seq', 1, true);
SELECT pg_catalog.setval('public.registrations_id_seq', 1, true);
SELECT pg_catalog.setval('public.tokens_id_seq', 1, true);
ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY public.callbacks
    ADD CONSTRAINT pk_callbacks PRIMARY KEY (id);
ALTER TABLE ONLY public.caller_numbers
    ADD CONSTRAINT pk_caller_numbers PRIMARY KEY (number);
ALTER TABLE ONLY public.calls
    ADD CONSTRAINT pk_calls PRIMARY KEY (id);
ALTER TABLE ONLY public.companies
    ADD CONSTRAINT pk_companies PRIMARY KEY (code);
ALTER TABLE ONLY public.downloads
    ADD CONSTRAINT pk_downloads PRIMARY KEY (digest);
ALTER TABLE ONLY public.extensions
    ADD CONSTRAINT pk_extensions PRIMARY KEY (number);
ALTER TABLE ONLY public.group_members
    ADD CONSTRAINT pk_group_members PRIMARY KEY (group_id, number);
ALTER TABLE ONLY public.groups
    ADD CONSTRAINT pk_groups PRIMARY KEY (id);
ALTER TABLE ONLY public.legs
    ADD CONSTRAINT pk_legs PRIMARY KEY (uuid);
ALTER TABLE ONLY public.registrations
    ADD CONSTRAINT pk_registrations PRIMARY KEY (id);
ALTER TABLE ONLY public.servers
    ADD CONSTRAINT pk_servers PRIMARY KEY (server_id);
ALTER TABLE ONLY public.tokens
    ADD CONSTRAINT pk_tokens PRIMARY KEY (id);
ALTER TABLE ONLY public.trunks
    ADD CONSTRAINT pk_trunks PRIMARY KEY (name);
ALTER TABLE ONLY public.voice_files
    ADD CONSTRAINT pk_voice_files PRIMARY KEY (company_code, name);
ALTER TABLE ONLY public.calls
    ADD CONSTRAINT uq_calls_company_code_idempotency_key UNIQUE (company_code, idempotency_key);
ALTER TABLE ONLY public.calls
    ADD CONSTRAINT uq_calls_uuid UNIQUE (uuid);
ALTER TABLE ONLY public.companies
    ADD CONSTRAINT uq_companies_appid UNIQUE (appid);
ALTER TABLE ONLY public.groups
    ADD CONSTRAINT uq_groups_company_code_name UNIQUE (company_code, name);
ALTER TABLE ONLY public.tokens
    ADD CONSTRAINT uq_tokens_digest UNIQUE (digest);
CREATE INDEX ix_callbacks_call_uuid ON public.callbacks USING btree (call_uuid);
CREATE INDEX ix_callbacks_done ON public.callbacks USING btree (done_at) WHERE (done_at IS NOT NULL);
CREATE INDEX ix_callbacks_due ON public.callbacks USING btree (company_code, next_attempt) WHERE (next_attempt IS NOT NULL);
CREATE INDEX ix_caller_numbers_company_code ON public.caller_numbers USING btree (company_code);
CREATE INDEX ix_calls_open ON public.calls USING btree (id) WHERE ((state)::text <> 'ended'::text);
CREATE INDEX ix_extensions_company_code ON public.extensions USING btree (company_code);
CREATE INDEX ix_group_members_number ON public.group_members USING btree (number);
CREATE INDEX ix_legs_call_uuid ON public.legs USING btree (call_uuid);
CREATE INDEX ix_legs_open ON public.legs USING btree (call_uuid) WHERE ((state)::text <> 'ended'::text);
CREATE INDEX ix_registrations_number ON public.registrations USING btree (number);
CREATE INDEX ix_tokens_company_code_id ON public.tokens USING btree (company_code, id);
ALTER TABLE ONLY public.caller_numbers
    ADD CONSTRAINT fk_caller_numbers_company_code_companies FOREIGN KEY (company_code) REFERENCES public.companies(code);
ALTER TABLE ONLY public.group_members
    ADD CONSTRAINT fk_group_members_group_id_groups FOREIGN KEY (group_id) REFERENCES public.groups(id);
ALTER TABLE ONLY public.group_members
    ADD CONSTRAINT fk_group_members_number_extensions FOREIGN KEY (number) REFERENCES public.extensions(number);
ALTER TABLE ONLY public.legs
    ADD CONSTRAINT fk_legs_call_uuid_calls FOREIGN KEY (call_uuid) REFERENCES public.calls(uuid);
ALTER TABLE ONLY public.tokens
    ADD CONSTRAINT fk_tokens_company_code_companies FOREIGN KEY (company_code) REFERENCES public.companies(code);
