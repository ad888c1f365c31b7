using Stip.Client.Transport;
using Stip.TestKit;
using Stip.TestKit.Processes;

namespace Stip.EndToEnd.Tests.Transport;

/// <summary>A server with a certificate that serves <c>stories</c>.</summary>
public sealed class Http2Server : IAsyncLifetime
{
    public ApiProcess Server { get; private set; } = null!;

    public string Package { get; private set; } = "";

    public int HiddenSize { get; private set; }

    public async ValueTask InitializeAsync()
    {
        Server = await ApiProcess.StartAsync(isSecure: true);
        Package = await ModelPackages.ProtectAsync("stories");
        await Server.PushAsync(Package);
        using var client = StipHttpClient.Connect(Server.Endpoint, Server.ApiKey);
        HiddenSize = (await client.GetModelAsync("stories")).Stip.HiddenSize;
    }

    public ValueTask DisposeAsync() => Server.DisposeAsync();
}
