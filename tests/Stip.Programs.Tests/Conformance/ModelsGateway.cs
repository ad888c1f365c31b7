using Stip.EndToEnd.Kit;
using Stip.TestKit.Scripted;

namespace Stip.Programs.Tests.Conformance;

/// <summary>A real gateway of six models in front of the real server, for clients that other people made.</summary>
public sealed class ModelsGateway(SharedServer shared) : IAsyncLifetime
{
    private ServedGateway _gateway = null!;

    /// <summary>One that chats, one that sees, one that embeds, and three that call functions, each in the way of a
    /// family.</summary>
    public static IReadOnlyList<string> Models { get; } =
        [
        "stories", "digits-llava", "stories-sentence", AgentModel.Name, LlamaAgentModel.Name, MistralAgentModel.Name,
    ];

    /// <summary>The address with <c>/v1</c>, as SDKs want it.</summary>
    public Uri BaseUrl => new(_gateway.Http.BaseAddress!.ToString().TrimEnd('/'));

    public async ValueTask InitializeAsync() =>
        _gateway = await ServedGateway.StartAsync(shared, Models, CancellationToken.None);

    public ValueTask DisposeAsync() => _gateway.DisposeAsync();
}
