"""The peer of train.bench.ts: the same two networks on PyTorch, one thread. For each line `net rows milliseconds` on standard
input it steps for about so long and prints the times in milliseconds, as JSON. Needs Debian's python3-torch."""
import json, sys, time
import torch, torch.nn as nn

torch.set_num_threads(1)
torch.manual_seed(0)


class Autoencoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstms = nn.ModuleList([nn.LSTM(i, o, batch_first=True) for i, o in ((4, 50), (50, 20), (20, 20), (20, 50))])
        self.out = nn.Linear(50, 4)

    def forward(self, x):
        x, _ = self.lstms[0](x)
        x, _ = self.lstms[1](x)
        x, _ = self.lstms[2](x[:, -1:, :].repeat(1, 10, 1))
        x, _ = self.lstms[3](x)
        return self.out(x)


class CnnLstm(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Conv1d(78, 64, 3, padding=1), nn.Conv1d(64, 64, 3, padding=1)
        self.pool, self.lstm = nn.MaxPool1d(2), nn.LSTM(64, 64, batch_first=True)
        self.dense, self.out = nn.Linear(64, 32), nn.Linear(32, 1)

    def forward(self, x):
        x = self.pool(torch.relu(self.second(torch.relu(self.first(x.transpose(1, 2))))))
        h, _ = self.lstm(x.transpose(1, 2))
        return torch.sigmoid(self.out(torch.relu(self.dense(h[:, -1]))))


def make_step(net, rows):
    model = Autoencoder() if net == "autoencoder" else CnnLstm()
    optimiser = torch.optim.Adam(model.parameters(), 1e-3)
    x = torch.randn(rows, 10, 4 if net == "autoencoder" else 78)
    y = x if net == "autoencoder" else (torch.rand(rows, 1) > 0.5).float()
    measure = nn.MSELoss() if net == "autoencoder" else nn.BCELoss()

    def step():
        optimiser.zero_grad()
        measure(model(x), y).backward()
        optimiser.step()

    return step


steps = {}
for line in sys.stdin:
    net, rows, milliseconds = line.split()
    key = (net, int(rows))
    if key not in steps:
        steps[key] = make_step(*key)
        steps[key]()
    times, end = [], time.perf_counter() + float(milliseconds) / 1000
    while not times or time.perf_counter() < end:
        begin = time.perf_counter()
        steps[key]()
        times.append((time.perf_counter() - begin) * 1000)
    print(json.dumps(times), flush=True)
