using Stip.Api.Engine;
using Stip.Protocol.Packages;

namespace Stip.Api.Registry.Packages;

/// <summary>Graphs of a manifest that nobody could ask for: a role that is misspelt is no other graph, but none.
/// </summary>
internal static class RoleFaults
{
    public static IEnumerable<string> Of(PackageManifest manifest)
    {
        if (manifest.Graphs is not { Count: > 0 } graphs)
        {
            yield return "graphs is empty";
            yield break;
        }

        foreach (var role in graphs.Keys.Where(role => !Roles.All.Contains(role)))
        {
            yield return $"graphs names '{Quoted.Text(role)}', which is none of {string.Join(", ", Roles.All)}";
        }

        if (graphs.ContainsKey(Roles.DecoderWithPast) && !graphs.ContainsKey(Roles.Decoder))
        {
            yield return $"{Roles.DecoderWithPast} are the later steps of a {Roles.Decoder}, and there is none";
        }

        foreach (var (role, graph) in graphs.Where(pair => pair.Value?.Cache is not null))
        {
            if (role is Roles.Encoder or Roles.Vision)
            {
                yield return $"{role} has a cache; a graph with a cache is served as {Roles.Decoder} alone";
            }
        }

        if (!graphs.Keys.Any(role => role is Roles.Decoder or Roles.Encoder or Roles.Vision))
        {
            yield return $"graphs has none that is served: {Roles.Decoder}, {Roles.Encoder} or {Roles.Vision}";
        }
    }
}
