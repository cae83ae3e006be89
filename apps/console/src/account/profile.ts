import { useQuery } from '@tanstack/react-query';
import { api, type User } from '../api';

export const useProfileQuery = () =>
  useQuery({ queryKey: ['profile'], queryFn: () => api.GET('/v1/user/profile'), staleTime: 60_000 });

/** The account that is logged in; undefined until it is known. */
export const useProfile = (): User | undefined => useProfileQuery().data?.user;
