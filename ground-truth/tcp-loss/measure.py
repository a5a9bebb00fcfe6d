"""How late a message is of which chosen segments are lost: see README.md. Needs root, iproute2 and /dev/net/tun."""
import fcntl, os, struct, subprocess, threading, time
TUNSETIFF=0x400454ca
def sh(c): subprocess.run(c,shell=True,check=True)
def tap(name):
    f=os.open('/dev/net/tun',os.O_RDWR)
    fcntl.ioctl(f,TUNSETIFF,struct.pack('16sH',name.encode(),0x0002|0x1000)); return f
a=tap('lkA'); b=tap('lkB')
sh('ip netns add lkA; ip netns add lkB')
try:
    sh('ip link set lkA netns lkA; ip link set lkB netns lkB')
    sh('ip -n lkA addr add 10.9.0.1/24 dev lkA; ip -n lkA link set lkA up; ip -n lkB addr add 10.9.0.2/24 dev lkB; ip -n lkB link set lkB up')
    which=set(); seen=[0]
    def relay(src,dst,forward):
        while True:
            p=os.read(src,2000)
            if p[12:14]==b'\x08\x00' and p[23]==6:
                ihl=(p[14]&15)*4; t=14+ihl; off=(p[t+12]>>4)*4; flags=p[t+13]
                n=struct.unpack('>H',p[16:18])[0]-ihl-off
                kind='syn' if flags&2 and not flags&16 else 'data' if n>0 else 'ack'
                if forward and kind=='data':
                    i=seen[0]; seen[0]+=1
                    if i in which: continue
            os.write(dst,p)
    threading.Thread(target=relay,args=(a,b,True),daemon=True).start()
    threading.Thread(target=relay,args=(b,a,False),daemon=True).start()
    time.sleep(2)
    server='''import socket
s=socket.socket();s.setsockopt(socket.SOL_SOCKET,socket.SO_REUSEADDR,1);s.bind(("10.9.0.2",179));s.listen(8)
while True:
    c,_=s.accept();c.settimeout(20)
    try:
        d=c.recv(63); size=int(d.decode().strip("o")); c.sendall(b"k"*19)
        n=0
        while n<size:
            d=c.recv(65536)
            if not d: break
            n+=len(d)
        c.sendall(b"k"*19)
        c.recv(10)
    except Exception as e: print(e)
'''
    srv=subprocess.Popen(['ip','netns','exec','lkB','python3','-c',server])
    time.sleep(1)
    client='''import socket,time,sys
t=time.monotonic();s=socket.socket();s.connect(("10.9.0.2",179));print("connect",round((time.monotonic()-t)*1e3,1))
size=int(sys.argv[1]);
s.sendall(str(size).encode().ljust(63,b"o"));s.recv(100)
sys.stdout.flush()
time.sleep(0.05)
print("READY",flush=True);sys.stdin.readline()
t=time.monotonic();s.sendall(b"u"*size);s.recv(100);print("exchange",round((time.monotonic()-t)*1e3,1),flush=True)
'''
    def run(size,lost):
        which.clear(); seen[0]=0
        p=subprocess.Popen(['ip','netns','exec','lkA','python3','-c',client,str(size)],stdin=subprocess.PIPE,stdout=subprocess.PIPE,text=True)
        out=[]
        while True:
            l=p.stdout.readline().strip()
            if l=='READY': break
            out.append(l)
        seen[0]=0; which.update(lost)
        p.stdin.write('\n');p.stdin.flush()
        out.append(p.stdout.readline().strip()); p.wait()
        return float(out[1].split()[1]) if len(out)>1 else None
    for size,lost in [(158,[0]),(158,[0,1]),(158,[0,1,2]),(158,[0,1,2,3]),(2800,[0]),(2800,[1]),(2800,[0,1]),(4096,[0]),(4096,[1]),(4096,[2]),(4096,[0,1,2]),(4096,[2,3]),(4096,[0,3]),(14000,[9]),(14000,[8]),(14000,[7]),(14000,[6]),(14000,[3]),(14000,[0])]:
        print(size,-(-size//1448),'segments, lost',lost,sorted(run(size,lost) for _ in range(4)),flush=True)
    srv.kill()
finally:
    sh('ip netns del lkA; ip netns del lkB')
