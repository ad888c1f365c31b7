using Stip.Api.Engine;
using Stip.Api.Registry.Packages;
using Stip.Protocol.Models;
using Stip.Protocol.Packages;

namespace Stip.Api.Registry;

/// <summary>A registered package with what serves it.</summary>
internal sealed class HostedModel(
    PackageManifest manifest,
    Registration registration,
    string folder,
    DecoderHost? decoder,
    IReadOnlyDictionary<string, ForwardHost> forwards) : IAsyncDisposable
{
    public string Id => manifest.Model;

    public PackageManifest Manifest => manifest;

    public string Folder => folder;

    public DateTimeOffset CreatedAt => registration.CreatedAt;

    /// <summary>Null for a package without a decoder.</summary>
    public DecoderHost? Decoder => decoder;

    /// <summary>Graphs without a cache, by role.</summary>
    public IReadOnlyDictionary<string, ForwardHost> Forwards => forwards;

    public ModelObject ToObject() => new(
        Id, ModelObject.ObjectName, registration.CreatedAt.ToUnixTimeSeconds(), registration.OwnedBy,
        ModelStipInfo.From(manifest));

    public async ValueTask DisposeAsync()
    {
        if (decoder is not null)
        {
            await decoder.DisposeAsync();
        }

        foreach (var forward in forwards.Values)
        {
            await forward.DisposeAsync();
        }
    }
}
