using System.Security.Cryptography;
using Stip.Client.Bundles;
using Stip.Client.Generation;
using Stip.Client.Transport;

namespace Stip.Gateway.Demo;

/// <summary>Three parties on one machine: the developer's packages, the server's process, the owner's
/// bundles.</summary>
internal sealed class DemoStage : IDisposable
{
    private const string Exporter = "onnx-export";
    private const string Api = "Stip.Api";
    private const string Protected = "protected";
    private const string Plain = "plain";

    private readonly TemporaryData _data = new();
    private readonly string _key = "stip_demo_" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
    private ChildProgram? _server;
    private StipHttpClient? _client;

    /// <summary>The model as the cloud gets it.</summary>
    public StipModel ProtectedModel { get; private set; } = null!;

    /// <summary>The same model with nothing hidden, for comparison.</summary>
    public StipModel PlainModel { get; private set; } = null!;

    public async Task PrepareAsync(CancellationToken cancellationToken)
    {
        StartServer();
        await DemoSteps.RunAsync(
            "developer: a checkpoint becomes a graph (onnx-export export)",
            () => ExportAsync(cancellationToken));
        await DemoSteps.RunAsync(
            "developer: its weights are permuted, the result compared with the plain model (onnx-export protect)",
            () => Task.WhenAll(
                ProtectAsync(Protected, ["--name", "stories"], cancellationToken),
                ProtectAsync(
                    Plain, ["--name", "stories-plain", "--mode", "none", "--verify", "none"], cancellationToken)));
        var address = await DemoSteps.RunAsync(
            "cloud: a server that cannot name a key is ready (Stip.Api)",
            () => _server!.AddressAsync(cancellationToken));
        await DemoSteps.RunAsync(
            "developer: the cloud's part is uploaded (onnx-export push)",
            () => Task.WhenAll(
                PushAsync(Protected, address, cancellationToken), PushAsync(Plain, address, cancellationToken)));
        _client = StipHttpClient.Connect(new Uri(address), _key);
        ProtectedModel = new StipModel(Bundle.Open(_data.At(Protected)), _client);
        PlainModel = new StipModel(Bundle.Open(_data.At(Plain), allowUnprotected: true), _client);
    }

    public void Dispose()
    {
        _client?.Dispose();
        ProtectedModel?.Bundle.Dispose();
        PlainModel?.Bundle.Dispose();
        _server?.Dispose();
        _data.Dispose();
    }

    private void StartServer() => _server = ChildProgram.Start(
        Api,
        ["--urls", "http://127.0.0.1:0"],
        new Dictionary<string, string>
        {
            ["Stip__Api__DataDirectory"] = _data.At("api"),
            ["Stip__Api__BootstrapKey"] = _key,
            ["ASPNETCORE_ENVIRONMENT"] = "Production",
        });

    private Task ExportAsync(CancellationToken cancellationToken) => ChildProgram.RunAsync(
        Exporter,
        ["export", "--checkpoint", DemoFiles.SampleModel(), "--output", _data.At("export")],
        cancellationToken);

    private Task ProtectAsync(string name, string[] more, CancellationToken cancellationToken) => ChildProgram.RunAsync(
        Exporter, ["protect", "--model", _data.At("export"), "--output", _data.At(name), .. more], cancellationToken);

    private Task PushAsync(string name, string address, CancellationToken cancellationToken) => ChildProgram.RunAsync(
        Exporter, ["push", "--package", _data.At(name), "--endpoint", address, "--api-key", _key], cancellationToken);
}
