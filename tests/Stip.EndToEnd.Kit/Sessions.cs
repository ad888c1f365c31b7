using System.Net.Http.Json;
using Stip.Protocol;
using Stip.Protocol.Models;
using Stip.Protocol.Sessions;

namespace Stip.EndToEnd.Kit;

/// <summary>The sessions that a server holds for the key of an HttpClient.</summary>
public static class Sessions
{
    public static async Task<int> CountAsync(HttpClient http, string model) =>
        (await ListAsync(http)).Count(session => session.Model == model);

    public static async Task DeleteAllAsync(HttpClient http, string? model = null)
    {
        foreach (var session in (await ListAsync(http)).Where(session => (model ?? session.Model) == session.Model))
        {
            using var answer = await http.DeleteAsync(new Uri($"{StipRoutes.Sessions}/{session.Id}", UriKind.Relative));
        }
    }

    private static async Task<IReadOnlyList<SessionObject>> ListAsync(HttpClient http)
    {
        var address = new Uri(StipRoutes.Sessions, UriKind.Relative);
        return (await http.GetFromJsonAsync<ListObject<SessionObject>>(address, StipJson.Wire))!.Data;
    }
}
