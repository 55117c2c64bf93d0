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
    ended_at bigint,
    packets_sent integer,
    packets_received integer,
    packets_lost integer,
    jitter_ms integer,
    sampled boolean,
    far_packets_lost integer,
    far_jitter_ms integer,
    round_trip_ms integer
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
INSERT INTO public.alembic_version VALUES ('0002');
INSERT INTO public.callbacks VALUES (1, '2028', 'aa0c248a-e386-4e40-8657-25efc008be10', 'cdr', '{"answertime":"","hangupcause":10006,"duration":0,"id":2,"extnumber":"","uuid":"aa0c248a-e386-4e40-8657-25efc008be10","downloadip":"127.0.0.1","customuuid":"custom-2","chengshudu":"1","callmethod":6,"recordfilename":"","companycode":2028,"memberid":"0","hangupdirection":10006,"billsec":0,"endtime":"2026-11-28 13:24:57","starttime":"2026-11-28 13:24:57","type":"callout","disnumber":"2120280001","crmid":"0","userkey":"","destnumber":"13333330002"}', 'delivered', 1, false, NULL, 200, NULL, 1795843497894041, 1795843497971348, NULL, 1795843497971348, 1795843497894041);
INSERT INTO public.callbacks VALUES (2, '2028', 'fab4d3ae-7af4-46e6-9af7-a19c31b53b89', 'status', '{"buuid":"dbce5b93-86f4-43e3-8706-2e6acd821981","callee":"13333330001","caller":"20280003","companycode":"2028","direction":"callout","disnumber":"2120280001","extnumber":"20280003","isbleg":"true","method":"3","starttime":"1795843499","status":"ring","uuid":"fab4d3ae-7af4-46e6-9af7-a19c31b53b89","ip":"127.0.0.1"}', 'delivered', 1, false, NULL, 200, NULL, 1795843499382635, 1795843499407832, NULL, 1795843499407832, NULL);
INSERT INTO public.callbacks VALUES (3, '2028', 'fab4d3ae-7af4-46e6-9af7-a19c31b53b89', 'status', '{"buuid":"dbce5b93-86f4-43e3-8706-2e6acd821981","callee":"13333330001","caller":"20280003","companycode":"2028","direction":"callout","disnumber":"2120280001","extnumber":"20280003","isbleg":"true","method":"3","starttime":"1795843499","status":"answer","uuid":"fab4d3ae-7af4-46e6-9af7-a19c31b53b89","ip":"127.0.0.1"}', 'delivered', 1, false, NULL, 200, NULL, 1795843499889803, 1795843499952252, NULL, 1795843499952252, NULL);
INSERT INTO public.callbacks VALUES (4, '2028', 'fab4d3ae-7af4-46e6-9af7-a19c31b53b89', 'status', '{"buuid":"dbce5b93-86f4-43e3-8706-2e6acd821981","callee":"13333330001","caller":"20280003","companycode":"2028","direction":"callout","disnumber":"2120280001","extnumber":"20280003","isbleg":"true","method":"3","starttime":"1795843499","status":"hangup","uuid":"fab4d3ae-7af4-46e6-9af7-a19c31b53b89","ip":"127.0.0.1"}', 'delivered', 1, false, NULL, 200, NULL, 1795843502338730, 1795843502348692, NULL, 1795843502348692, NULL);
INSERT INTO public.callbacks VALUES (5, '2028', 'fab4d3ae-7af4-46e6-9af7-a19c31b53b89', 'cdr', '{"answertime":"2026-11-28 13:24:58","hangupcause":10001,"duration":1,"id":1,"extnumber":"20280003","uuid":"fab4d3ae-7af4-46e6-9af7-a19c31b53b89","downloadip":"127.0.0.1","customuuid":"custom-1","chengshudu":"1","callmethod":6,"recordfilename":"fab4d3ae-7af4-46e6-9af7-a19c31b53b89.wav","companycode":2028,"memberid":"0","hangupdirection":10041,"billsec":4,"endtime":"2026-11-28 13:25:02","starttime":"2026-11-28 13:24:57","type":"callout","disnumber":"2120280001","crmid":"20280003","userkey":"1","destnumber":"13333330001"}', 'delivered', 1, false, NULL, 200, NULL, 1795843502338854, 1795843502418211, NULL, 1795843502418211, 1795843502338854);
INSERT INTO public.callbacks VALUES (6, '2028', '32e5a572-6ebe-470f-a9f5-edd20e08c6ba', 'status', '{"buuid":"2d0e9227-cb04-45bc-a347-bf272524ea22","callee":"13333330001","caller":"20280003","companycode":"2028","direction":"callout","disnumber":"2120280001","extnumber":"20280003","isbleg":"true","method":"3","starttime":"1795843502","status":"ring","uuid":"32e5a572-6ebe-470f-a9f5-edd20e08c6ba","ip":"127.0.0.1"}', 'delivered', 1, false, NULL, 200, NULL, 1795843502351697, 1795843502425459, NULL, 1795843502425459, NULL);
INSERT INTO public.callbacks VALUES (7, '2028', '32e5a572-6ebe-470f-a9f5-edd20e08c6ba', 'status', '{"buuid":"2d0e9227-cb04-45bc-a347-bf272524ea22","callee":"13333330001","caller":"20280003","companycode":"2028","direction":"callout","disnumber":"2120280001","extnumber":"20280003","isbleg":"true","method":"3","starttime":"1795843502","status":"hangup","uuid":"32e5a572-6ebe-470f-a9f5-edd20e08c6ba","ip":"127.0.0.1"}', 'delivered', 1, false, NULL, 200, NULL, 1795843502482182, 1795843502619687, NULL, 1795843502619687, NULL);
INSERT INTO public.callbacks VALUES (8, '2028', '32e5a572-6ebe-470f-a9f5-edd20e08c6ba', 'cdr', '{"answertime":"2026-11-28 13:24:58","hangupcause":10001,"duration":1,"id":3,"extnumber":"","uuid":"32e5a572-6ebe-470f-a9f5-edd20e08c6ba","downloadip":"127.0.0.1","customuuid":"custom-1","chengshudu":"1","callmethod":6,"recordfilename":"32e5a572-6ebe-470f-a9f5-edd20e08c6ba.wav","companycode":2028,"memberid":"0","hangupdirection":10041,"billsec":4,"endtime":"2026-11-28 13:25:02","starttime":"2026-11-28 13:24:57","type":"callout","disnumber":"2120280001","crmid":"0","userkey":"1","destnumber":"13333330001"}', 'delivered', 1, false, NULL, 200, NULL, 1795843502482324, 1795843502636136, NULL, 1795843502636136, 1795843502482324);
INSERT INTO public.callbacks VALUES (9, '2028', '0d8dd4cb-e637-4a97-a68d-1d11c260d523', 'status', '{"buuid":"08cd3626-5a54-4959-bd4c-beb1a92c3df4","callee":"13333330001","caller":"20280003","companycode":"2028","direction":"callout","disnumber":"2120280001","extnumber":"20280003","isbleg":"true","method":"3","starttime":"1795843504","status":"ring","uuid":"0d8dd4cb-e637-4a97-a68d-1d11c260d523","ip":"127.0.0.1"}', 'pending', 1, false, 'answered', 503, 'HTTP status 503', 1795843504286757, 1795843504319227, 1795843509639534, NULL, NULL);
INSERT INTO public.callbacks VALUES (10, '2028', '0d8dd4cb-e637-4a97-a68d-1d11c260d523', 'status', '{"buuid":"08cd3626-5a54-4959-bd4c-beb1a92c3df4","callee":"13333330001","caller":"20280003","companycode":"2028","direction":"callout","disnumber":"2120280001","extnumber":"20280003","isbleg":"true","method":"3","starttime":"1795843504","status":"answer","uuid":"0d8dd4cb-e637-4a97-a68d-1d11c260d523","ip":"127.0.0.1"}', 'pending', 0, false, NULL, NULL, NULL, 1795843504794511, NULL, 1795843509639534, NULL, NULL);
INSERT INTO public.callbacks VALUES (11, '2028', '0d8dd4cb-e637-4a97-a68d-1d11c260d523', 'status', '{"buuid":"08cd3626-5a54-4959-bd4c-beb1a92c3df4","callee":"13333330001","caller":"20280003","companycode":"2028","direction":"callout","disnumber":"2120280001","extnumber":"20280003","isbleg":"true","method":"3","starttime":"1795843504","status":"hangup","uuid":"0d8dd4cb-e637-4a97-a68d-1d11c260d523","ip":"127.0.0.1"}', 'pending', 0, false, NULL, NULL, NULL, 1795843507248270, NULL, 1795843509639534, NULL, NULL);
INSERT INTO public.callbacks VALUES (12, '2028', '0d8dd4cb-e637-4a97-a68d-1d11c260d523', 'cdr', '{"answertime":"2026-11-28 13:25:03","hangupcause":10001,"duration":1,"id":4,"extnumber":"20280003","uuid":"0d8dd4cb-e637-4a97-a68d-1d11c260d523","downloadip":"127.0.0.1","customuuid":"custom-1","chengshudu":"1","callmethod":6,"recordfilename":"0d8dd4cb-e637-4a97-a68d-1d11c260d523.wav","companycode":2028,"memberid":"0","hangupdirection":10041,"billsec":4,"endtime":"2026-11-28 13:25:07","starttime":"2026-11-28 13:25:02","type":"callout","disnumber":"2120280001","crmid":"20280003","userkey":"1","destnumber":"13333330001"}', 'pending', 0, false, NULL, NULL, NULL, 1795843507248421, NULL, 1795843509639534, NULL, 1795843507248421);
INSERT INTO public.callbacks VALUES (13, '2028', '721edf23-37e3-4906-8fa6-0fd493c05ad7', 'status', '{"buuid":"70199f5b-3fd9-48ae-8cbe-65b54997c3f3","callee":"13333330004","caller":"20280003","companycode":"2028","direction":"callout","disnumber":"2120280001","extnumber":"20280003","isbleg":"true","method":"3","starttime":"1795843507","status":"ring","uuid":"721edf23-37e3-4906-8fa6-0fd493c05ad7","ip":"127.0.0.1"}', 'pending', 1, false, 'answered', 503, 'HTTP status 503', 1795843507321585, 1795843507412384, 1795843512487705, NULL, NULL);
INSERT INTO public.callbacks VALUES (14, '2028', '721edf23-37e3-4906-8fa6-0fd493c05ad7', 'status', '{"buuid":"70199f5b-3fd9-48ae-8cbe-65b54997c3f3","callee":"13333330004","caller":"20280003","companycode":"2028","direction":"callout","disnumber":"2120280001","extnumber":"20280003","isbleg":"true","method":"3","starttime":"1795843507","status":"answer","uuid":"721edf23-37e3-4906-8fa6-0fd493c05ad7","ip":"127.0.0.1"}', 'pending', 0, false, NULL, NULL, NULL, 1795843507810350, NULL, 1795843512487705, NULL, NULL);
INSERT INTO public.caller_numbers VALUES ('2120280001', '2028', true);
INSERT INTO public.caller_numbers VALUES ('2120280002', '2028', true);
INSERT INTO public.calls VALUES (2, 'aa0c248a-e386-4e40-8657-25efc008be10', '1', '2028', 'ended', 1795843496500486, '13333330002', 1, 'notice.mp3', '1@extGroup-1', '2120280001', '1', 'custom-2', '', '', 60, 3600, NULL, NULL, 1795843497833236, NULL, 1795843497894041, 10006, 10006, '', '', '', '');
INSERT INTO public.calls VALUES (1, 'fab4d3ae-7af4-46e6-9af7-a19c31b53b89', '1', '2028', 'ended', 1795843496472752, '13333330001', 1, 'notice.mp3', '1@extGroup-1', '2120280001', '1', 'custom-1', '', '', 60, 3600, NULL, NULL, 1795843497815147, 1795843498335727, 1795843502338854, 10001, 10041, '1', '20280003', '20280003', 'fab4d3ae-7af4-46e6-9af7-a19c31b53b89.wav');
INSERT INTO public.calls VALUES (3, '32e5a572-6ebe-470f-a9f5-edd20e08c6ba', '1', '2028', 'ended', 1795843496522479, '13333330001', 2, 'http://127.0.0.1:8081/notice.mp3', '1@extGroup-1', '2120280001', '1', 'custom-1', '', '', 60, 3600, NULL, NULL, 1795843497972471, 1795843498478831, 1795843502482324, 10001, 10041, '1', '', '', '32e5a572-6ebe-470f-a9f5-edd20e08c6ba.wav');
INSERT INTO public.calls VALUES (5, '721edf23-37e3-4906-8fa6-0fd493c05ad7', '1', '2028', 'answered', 1795843504319479, '13333330004', 1, 'notice.mp3', '1@extGroup-1', '2120280001', '1', 'custom-4', '', '', 60, 3600, 'kept', '992423b1d0582a38b4d2f7951e8db64f07bdba94edddb26ef5ecd7e613e56db2', 1795843504338282, 1795843504858722, NULL, NULL, NULL, '1', '', '', '');
INSERT INTO public.calls VALUES (4, '0d8dd4cb-e637-4a97-a68d-1d11c260d523', '1', '2028', 'ended', 1795843502686414, '13333330001', 1, 'notice.mp3', '1@extGroup-1', '2120280001', '1', 'custom-1', '', '', 60, 3600, NULL, NULL, 1795843502739024, 1795843503244449, 1795843507248421, 10001, 10041, '1', '20280003', '20280003', '0d8dd4cb-e637-4a97-a68d-1d11c260d523.wav');
INSERT INTO public.calls VALUES (6, '9d22cc8b-a6e0-455f-a834-a727b34f504f', '1', '2028', 'dialled', 1795843507834072, '13333330003', 1, 'notice.mp3', '1@extGroup-1', '2120280001', '1', 'custom-3', '', '', 60, 3600, NULL, NULL, 1795843507837743, NULL, NULL, NULL, NULL, '', '', '', '');
INSERT INTO public.calls VALUES (7, 'c6b4785c-3120-4a97-b5dc-f97438ede3d3', '1', '2028', 'waiting', 1795843507857803, '13333330005', 1, 'notice.mp3', '1@extGroup-1', '2120280001', '1', 'custom-5', '', '', 60, 3600, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '', '', '', '');
INSERT INTO public.companies VALUES ('2028', 'Demo', 'demo-appid', 'sha256$4237337a1f8239e7fcef3b0ca567c9a1$723cfb63d5d944851f0bbcf60452a267dea40a65621d9a0d0ccd9fc56cf120c5', true, NULL, '', 'http://127.0.0.1:9000/cdr', 'http://127.0.0.1:9000/status', 'json', '', 'whsec_re9Cb4Xpap1hI5zSmU8utc9d9MUp5r7E', 'always', 'wav', 3600, 5, NULL, 1795843490323780, 1795843490323780);
INSERT INTO public.downloads VALUES ('031a0b7b8668d17a923f406a07e67a897403d42889a7a968264b45df54a0ef0a', 'http://127.0.0.1:8081/notice.mp3', '031a0b7b8668d17a923f406a07e67a89-21c26c0f235d402d', 138970, NULL, 'Sat, 28 Nov 2026 05:24:41 GMT', 1795843496557715);
INSERT INTO public.extensions VALUES ('20280003', '2028', 'secret', true, 1795843490323780, 1795843490323780);
INSERT INTO public.group_members VALUES (1, '20280003', 0);
INSERT INTO public.groups VALUES (1, '2028', 'extGroup-1', 'ring-all', 20, 60, 1795843490323780, 1795843490323780);
INSERT INTO public.legs VALUES ('9a13f5da-02f2-4cbd-8914-8a6cf5d01aa3', 'aa0c248a-e386-4e40-8657-25efc008be10', 'a', 'ended', 'carrier', '', '{"call_id":"cdeff5cb422861396da6f0c93016328b","local":"<sip:2120280001@127.0.0.1>;tag=82b549d93752eeb0f59aebf7","remote":"<sip:13333330002@127.0.0.1:5080;transport=udp>","uri":"sip:13333330002@127.0.0.1:5080;transport=udp","via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bKf3cbb07bba62d0d3c1182660","cseq":1,"route":[],"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}', '', 1795843497781021, NULL, NULL, 1795843497893967, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.legs VALUES ('28784787-934a-48b7-87c1-e82ab0aea395', 'fab4d3ae-7af4-46e6-9af7-a19c31b53b89', 'a', 'ended', 'carrier', '', '{"call_id":"c0db3be3a630e2296f4b7f164eb0923b","local":"<sip:2120280001@127.0.0.1>;tag=189a181e42e4694d2f9431b9","remote":"<sip:13333330001@127.0.0.1:5080;transport=udp>","uri":"sip:13333330001@127.0.0.1:5080;transport=udp","via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bKe52c9f36ef4981461ea421e7","cseq":1,"route":[],"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}', '{"call_id":"c0db3be3a630e2296f4b7f164eb0923b","local":"<sip:2120280001@127.0.0.1>;tag=189a181e42e4694d2f9431b9","remote":"<sip:13333330001@127.0.0.1:5080;transport=udp>;tag=e56e79ea069a7e914ce1406e","remote_target":"sip:127.0.0.1:5080","route":[],"local_cseq":1,"remote_cseq":-1,"invite_cseq":1,"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}', 1795843497777344, NULL, 1795843498335727, 1795843502338649, 201, 200, 0, 1, false, NULL, NULL, NULL);
INSERT INTO public.legs VALUES ('91467d80-4a2d-4ebe-8748-ab087183dd4f', '32e5a572-6ebe-470f-a9f5-edd20e08c6ba', 'a', 'ended', 'carrier', '', '{"call_id":"cc119ec0ea182b4d0ae5ef36e303514f","local":"<sip:2120280001@127.0.0.1>;tag=7e9cdde14f004aa004a0a985","remote":"<sip:13333330001@127.0.0.1:5080;transport=udp>","uri":"sip:13333330001@127.0.0.1:5080;transport=udp","via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bK6b80979af82000a170be67b7","cseq":1,"route":[],"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}', '{"call_id":"cc119ec0ea182b4d0ae5ef36e303514f","local":"<sip:2120280001@127.0.0.1>;tag=7e9cdde14f004aa004a0a985","remote":"<sip:13333330001@127.0.0.1:5080;transport=udp>;tag=0d1c46ccfcf1c6fdae5a23c2","remote_target":"sip:127.0.0.1:5080","route":[],"local_cseq":1,"remote_cseq":-1,"invite_cseq":1,"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}', 1795843497935184, NULL, 1795843498478831, 1795843502482085, 202, 200, 0, 2, false, NULL, NULL, NULL);
INSERT INTO public.legs VALUES ('3755602c-c467-4505-b790-a68df4b835bd', '721edf23-37e3-4906-8fa6-0fd493c05ad7', 'a', 'answered', 'carrier', '', '{"call_id":"4b900788fdf9a4c54bef61c7191806d3","local":"<sip:2120280001@127.0.0.1>;tag=063c22e1804b6cdbdfa88c4b","remote":"<sip:13333330004@127.0.0.1:5080;transport=udp>","uri":"sip:13333330004@127.0.0.1:5080;transport=udp","via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bK50b4109420bbee11e3b9a5c6","cseq":1,"route":[],"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}', '{"call_id":"4b900788fdf9a4c54bef61c7191806d3","local":"<sip:2120280001@127.0.0.1>;tag=063c22e1804b6cdbdfa88c4b","remote":"<sip:13333330004@127.0.0.1:5080;transport=udp>;tag=3a55086b1eeb0d2b88fd3842","remote_target":"sip:127.0.0.1:5080","route":[],"local_cseq":1,"remote_cseq":-1,"invite_cseq":1,"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}', 1795843504338282, NULL, 1795843504858722, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.legs VALUES ('70199f5b-3fd9-48ae-8cbe-65b54997c3f3', '721edf23-37e3-4906-8fa6-0fd493c05ad7', 'b', 'answered', '', '20280003', '{"call_id":"cf369539fc713be1d36f409198d06b19","local":"<sip:13333330004@127.0.0.1>;tag=c7d31e196370e876be005401","remote":"<sip:20280003@127.0.0.1:5070>","uri":"sip:20280003@127.0.0.1:5070","via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bK44efaf448247a36102adc223","cseq":1,"route":[],"flow":{"transport":"udp","remote":["127.0.0.1",5070],"local":["127.0.0.1",5060]},"pinned":true}', '{"call_id":"cf369539fc713be1d36f409198d06b19","local":"<sip:13333330004@127.0.0.1>;tag=c7d31e196370e876be005401","remote":"<sip:20280003@127.0.0.1:5070>;tag=2c554bca0e08509bbff0b443","remote_target":"sip:127.0.0.1:5070","route":[],"local_cseq":1,"remote_cseq":-1,"invite_cseq":1,"flow":{"transport":"udp","remote":["127.0.0.1",5070],"local":["127.0.0.1",5060]},"pinned":true}', 1795843507260604, 1795843507321585, 1795843507810350, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.legs VALUES ('edb9378e-8e91-45cd-b166-6e7a7a7cf846', '9d22cc8b-a6e0-455f-a834-a727b34f504f', 'a', 'dialled', 'carrier', '', '{"call_id":"1cfea8071165e71c83e7d984077032b5","local":"<sip:2120280001@127.0.0.1>;tag=30f06b5b2f22792caddcaea0","remote":"<sip:13333330003@127.0.0.1:5080;transport=udp>","uri":"sip:13333330003@127.0.0.1:5080;transport=udp","via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bK14676cc15fd7447047ece52d","cseq":1,"route":[],"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}', '', 1795843507837743, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.legs VALUES ('2d0e9227-cb04-45bc-a347-bf272524ea22', '32e5a572-6ebe-470f-a9f5-edd20e08c6ba', 'b', 'ended', '', '20280003', '{"call_id":"40fb7da005e8d3ce3b82f57f0fbdfeb7","local":"<sip:13333330001@127.0.0.1>;tag=1e3c425f5d9d3b8224b43735","remote":"<sip:20280003@127.0.0.1:5070>","uri":"sip:20280003@127.0.0.1:5070","via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bKe3707efe5c42c378140138e5","cseq":1,"route":[],"flow":{"transport":"udp","remote":["127.0.0.1",5070],"local":["127.0.0.1",5060]},"pinned":true}', '', 1795843502341731, 1795843502351697, NULL, 1795843502482182, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.legs VALUES ('dbce5b93-86f4-43e3-8706-2e6acd821981', 'fab4d3ae-7af4-46e6-9af7-a19c31b53b89', 'b', 'ended', '', '20280003', '{"call_id":"7fdb72331aaaa9345fba88c9b14d7a7d","local":"<sip:13333330001@127.0.0.1>;tag=fa336b77510f2a6e0156e083","remote":"<sip:20280003@127.0.0.1:5070>","uri":"sip:20280003@127.0.0.1:5070","via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bKaa870fa6fd6b3a6d9bf29a1d","cseq":1,"route":[],"flow":{"transport":"udp","remote":["127.0.0.1",5070],"local":["127.0.0.1",5060]},"pinned":true}', '{"call_id":"7fdb72331aaaa9345fba88c9b14d7a7d","local":"<sip:13333330001@127.0.0.1>;tag=fa336b77510f2a6e0156e083","remote":"<sip:20280003@127.0.0.1:5070>;tag=6e2cd6157f366c3bfb2789e5","remote_target":"sip:127.0.0.1:5070","route":[],"local_cseq":1,"remote_cseq":-1,"invite_cseq":1,"flow":{"transport":"udp","remote":["127.0.0.1",5070],"local":["127.0.0.1",5060]},"pinned":true}', 1795843499373402, 1795843499382635, 1795843499889803, 1795843502338730, 122, 123, 0, 3, false, NULL, NULL, NULL);
INSERT INTO public.legs VALUES ('ed312684-688a-40dc-a9b4-721fc0b6d30f', '0d8dd4cb-e637-4a97-a68d-1d11c260d523', 'a', 'ended', 'carrier', '', '{"call_id":"1ea3817f261e4baf1163efeb6900ddf9","local":"<sip:2120280001@127.0.0.1>;tag=362204e0d1f6631bcdca3e33","remote":"<sip:13333330001@127.0.0.1:5080;transport=udp>","uri":"sip:13333330001@127.0.0.1:5080;transport=udp","via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bK1a3f5ff572243b51770795ef","cseq":1,"route":[],"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}', '{"call_id":"1ea3817f261e4baf1163efeb6900ddf9","local":"<sip:2120280001@127.0.0.1>;tag=362204e0d1f6631bcdca3e33","remote":"<sip:13333330001@127.0.0.1:5080;transport=udp>;tag=729008ec54de42c2fce61d5b","remote_target":"sip:127.0.0.1:5080","route":[],"local_cseq":1,"remote_cseq":-1,"invite_cseq":1,"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}', 1795843502703030, NULL, 1795843503244449, 1795843507248176, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.legs VALUES ('08cd3626-5a54-4959-bd4c-beb1a92c3df4', '0d8dd4cb-e637-4a97-a68d-1d11c260d523', 'b', 'ending', '', '20280003', '{"call_id":"9aa178660849adf70a8e140c2008d57d","local":"<sip:13333330001@127.0.0.1>;tag=b2bfdb399bda12a783991244","remote":"<sip:20280003@127.0.0.1:5070>","uri":"sip:20280003@127.0.0.1:5070","via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bK10689e73b1fad5a415364fb2","cseq":1,"route":[],"flow":{"transport":"udp","remote":["127.0.0.1",5070],"local":["127.0.0.1",5060]},"pinned":true}', '{"call_id":"9aa178660849adf70a8e140c2008d57d","local":"<sip:13333330001@127.0.0.1>;tag=b2bfdb399bda12a783991244","remote":"<sip:20280003@127.0.0.1:5070>;tag=61eb8603300b2a91691de05a","remote_target":"sip:127.0.0.1:5070","route":[],"local_cseq":1,"remote_cseq":-1,"invite_cseq":1,"flow":{"transport":"udp","remote":["127.0.0.1",5070],"local":["127.0.0.1",5060]},"pinned":true}', 1795843504276312, 1795843504286757, 1795843504794511, 1795843507248270, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.registrations VALUES (1, '1', '20280003', '<sip:20280003@127.0.0.1:5070>', 'udp', '127.0.0.1', 5070, '127.0.0.1', 5060, '127.0.0.1', 5070, '[]', '270dc52f0f7f7b101daf0e2b10d141af', 2, 1795843794409165);
INSERT INTO public.servers VALUES ('1', 1795843507723412);
INSERT INTO public.tokens VALUES (1, 'b4adff40a759997927f66220e89a03f3eb3d1c4d22e223573c237a0e58b3b572', '2028', 1795843494536937, 1795886694536937);
INSERT INTO public.trunks VALUES ('carrier', 0, 'sip:127.0.0.1:5080;transport=udp', NULL, NULL, false, 'PCMA,PCMU', 2, 500, '', NULL, '', '', NULL, NULL, 'from', 'auto', 30, 4, 1795843490323780, 1795843490323780);
INSERT INTO public.voice_files VALUES ('2028', 'notice.mp3', '/var/lib/playvoice/voices/notice.mp3', 1795843490323780);
SELECT pg_catalog.setval('public.callbacks_id_seq', 14, true);
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
